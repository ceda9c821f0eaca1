import dataclasses
import math
from typing import Any

import pytest
import torch

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training import OBJECTIVES, Objective, States, StepInputs, TrainPair
from forethought.training.objectives import SHARES, RationaleTokens
from forethought.training.pair_batch import pair_batch
from forethought.types import Document, Message, Side, Text
from tests import tiny


def inputs(logits, targets):
    """A step of one pair with these scores."""
    states = States(torch.zeros(2, 5), torch.zeros(0, 5), (), logits, torch.tensor(targets).long())
    batch = pair_batch([pair()], states, documents_think=True)
    return StepInputs(3, lambda: batch)


def pair():
    document = Document(Message((Text("red"),), "", Side.DOCUMENT), "red")
    query = Message((Text("which?"),), "", Side.QUERY)
    return TrainPair("colours", query, None, document, (), frozenset({"red"}))


@pytest.fixture
def term(tiny_encoder, tiny_data):
    return RationaleTokens().bind(tiny.run_context(tiny_encoder, GlyphExamples(tiny_data)))


def test_next_token_scores_the_true_rationales(term):
    logits = torch.tensor([[6.0, 2.0, 1.0, 1.0]]).log()
    found = term(inputs(logits, [1]))
    assert found.item() == pytest.approx(math.log(5), abs=1e-6)


def test_without_a_true_rationale_there_is_no_term(term):
    assert term(inputs(torch.zeros(0, 4), [])) is None


def test_every_named_objective_is_a_dataclass_with_the_protocol():
    kinds: list[Any] = list(OBJECTIVES.values())
    for kind in kinds:
        fields = [field.name for field in dataclasses.fields(kind)]
        assert isinstance(kind(**dict.fromkeys(fields, 0.5)), Objective)
    assert set(SHARES) <= set(OBJECTIVES)
