import dataclasses
from typing import Any

import pytest
import torch

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training import OBJECTIVES, Objective, States, StepInputs, TrainPair
from forethought.training.objectives import SHARES, RationaleTokens
from forethought.training.pair_batch import pair_batch
from forethought.types import Document, Message, Side, Text
from tests import tiny


def inputs(losses, rows):
    """A step of two pairs, the tokens of whose rows have these losses."""
    none = torch.zeros(0, 5)
    states = States(torch.zeros(4, 5), none, (), torch.tensor(losses).float(), tuple(rows))
    sides = [Side.QUERY, Side.QUERY, Side.DOCUMENT, Side.DOCUMENT]
    batch = pair_batch([pair(), pair()], states, sides, documents_think=True)
    return StepInputs(3, lambda: batch)


def pair():
    document = Document(Message((Text("red"),), "", Side.DOCUMENT), "red")
    query = Message((Text("which?"),), "", Side.QUERY)
    return TrainPair("colours", query, None, document, (), frozenset({"red"}))


@pytest.fixture
def term(tiny_encoder, tiny_data):
    """Makes the term of one side, or of both."""
    run = tiny.run_context(tiny_encoder, GlyphExamples(tiny_data))
    return lambda side=None: RationaleTokens(side).bind(run)


# Rows 0 and 1 are queries, 2 and 3 documents: 2 + 3 + 5 and 7 + 11 + 13 + 17 nats.
SCORED = ([2, 7, 3, 11, 13, 5, 17], [1, 3, 1, 2, 2, 0, 2])


@pytest.mark.parametrize(
    ("side", "expected"), [(None, 58 / 7), (Side.QUERY, 10 / 3), (Side.DOCUMENT, 48 / 4)]
)
def test_next_token_is_the_mean_over_the_tokens_of_a_side_or_of_both(term, side, expected):
    assert term(side)(inputs(*SCORED)).item() == pytest.approx(expected)


@pytest.mark.parametrize("side", [None, *Side])
def test_without_a_true_rationale_there_is_no_term(term, side):
    assert term(side)(inputs([], [])) is None


def test_a_side_without_a_true_rationale_has_no_term_of_its_own(term):
    scored = inputs([4, 9], [3, 2])
    assert term(Side.QUERY)(scored) is None
    assert term()(scored).item() == 6.5


def test_every_named_objective_is_a_dataclass_with_the_protocol():
    kinds: list[Any] = list(OBJECTIVES.values())
    for kind in kinds:
        names = {field.name for field in dataclasses.fields(kind)}
        assert isinstance(
            kind(**({"temperature": 0.5} if "temperature" in names else {})), Objective
        )
    assert set(SHARES) <= set(OBJECTIVES)
