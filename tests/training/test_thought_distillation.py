import math

import pytest
import torch

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training.thought_distillation import ThoughtDistillation
from tests import tiny
from tests.training.four_pairs import inputs, spread


@pytest.fixture(scope="module")
def term(tiny_encoder, tiny_data):
    run = tiny.run_context(tiny_encoder, GlyphExamples(tiny_data))
    return ThoughtDistillation(temperature=0.5).bind(run)


def softmax(scores):
    odds = [math.exp(score) for score in scores]
    return [each / sum(odds) for each in odds]


def test_it_is_one_less_the_cosine_and_the_divergence_of_the_rankings(term):
    # Pair 1 thinks. Its direct query is (1, 0), its thought (3, 4) / 5: their cosine is 0.6. The
    # cosines to the documents (1, 0), (0, 1), (-1, 0) and (4, 3) / 5 are 1, 0, -1 and 0.8, and 0.6,
    # 0.8, -0.6 and 0.96; at a temperature of 0.5 they count twice.
    queries = torch.tensor([[9.0, 1.0], [2.0, 0.0], [1.0, 7.0], [-3.0, 1.0]])
    documents = torch.tensor([[3.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [4.0, 3.0]])
    direct = softmax([2.0, 0.0, -2.0, 1.6])
    target = softmax([1.2, 1.6, -1.2, 1.92])
    ranking = sum(p * math.log(p / q) for p, q in zip(target, direct, strict=True))
    step = inputs(
        torch.cat([queries, documents]),
        thinking=(1,),
        thought=torch.tensor([[3.0, 4.0]]),
        documents_think=False,
    )
    assert term(step).item() == pytest.approx(0.4 + ranking, abs=1e-6)


def test_a_direct_state_like_the_thought_state_has_nothing_to_learn(term):
    direct = spread(1, 8).requires_grad_()
    thought = torch.cat([2.5 * direct[[0, 3]].detach(), spread(2, 2)])
    loss = term(inputs(direct, thinking=(0, 3), thought=thought))
    assert loss.item() == pytest.approx(0, abs=1e-6)
    loss.backward()
    assert direct.grad is not None
    assert direct.grad.abs().max() < 1e-6


def test_thought_states_and_what_they_rank_are_targets(term):
    direct, thought = spread(3, 9).requires_grad_(), spread(4, 4).requires_grad_()
    step = inputs(direct, thinking=(0, 3), thought=thought, negatives=("violet",))
    term(step).backward()
    assert thought.grad is None
    found, direct.grad = direct.grad, None
    # The same with rankings of the thought states that are plain numbers.
    cosines = [
        torch.nn.functional.cosine_similarity(states[:, None], direct[None, 4:], dim=-1) / 0.5
        for states in (thought[:2].detach(), direct[[0, 3]])
    ]
    target, ours = cosines[0].detach().softmax(dim=1), cosines[1].log_softmax(dim=1)
    ranking = (target * (target.log() - ours)).sum() / 2
    nearness = torch.nn.functional.cosine_similarity(direct[[0, 3]], thought[:2].detach())
    (1 - nearness.mean() + ranking).backward()
    torch.testing.assert_close(found, direct.grad)
    assert direct.grad is not None
    # Pairs 1 and 2 do not think; the documents learn to be ranked.
    assert not direct.grad[1:3].any()
    assert (direct.grad[4:].abs().sum(dim=1) > 0).all()


def test_without_a_pair_that_thinks_there_is_no_term(term):
    assert term(inputs(spread(1, 8))) is None


def test_a_temperature_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match=r"temperature must be positive, got 0"):
        ThoughtDistillation(temperature=0.0)
