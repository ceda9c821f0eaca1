import dataclasses
import math

import pytest
import torch

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training import OBJECTIVES, Objective, PairBatch, StepInputs
from forethought.training.objectives import SHARES, RationaleTokens
from tests import tiny


def batch(logits, targets):
    none = torch.zeros(0, 5)
    return PairBatch(
        (),
        none,
        none,
        torch.zeros(0, 0, dtype=torch.bool),
        torch.zeros(0, dtype=torch.long),
        none,
        none,
        logits,
        torch.tensor(targets, dtype=torch.long),
    )


@pytest.fixture
def term(tiny_encoder, tiny_data):
    return RationaleTokens().bind(tiny.run_context(tiny_encoder, GlyphExamples(tiny_data)))


def test_next_token_scores_the_true_rationales(term):
    logits = torch.tensor([[6.0, 2.0, 1.0, 1.0]]).log()
    found = term(StepInputs(3, lambda: batch(logits, [1])))
    assert found.item() == pytest.approx(math.log(5), abs=1e-6)


def test_without_a_true_rationale_there_is_no_term(term):
    assert term(StepInputs(3, lambda: batch(torch.zeros(0, 4), []))) is None


def test_every_named_objective_is_a_dataclass_with_the_protocol():
    for kind in OBJECTIVES.values():
        fields = [field.name for field in dataclasses.fields(kind)]
        assert isinstance(kind(**dict.fromkeys(fields, 0.5)), Objective)
    assert set(SHARES) <= set(OBJECTIVES)
