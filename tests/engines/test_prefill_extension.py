"""Continued prefills against one prefill of the whole prompt."""

import pytest
import torch

from forethought.engines import LocalEngine, Sampling, extend_prefill, log_likelihoods
from forethought.types import CompletionFormat, Prompt
from tests.backbones.networks import network_of
from tests.published import NETWORKS

PROMPTS = [(11, 4, 23, 7, 7, 30), (9, 2), (5, 17, 8)]
FIRST = [(6, 12), (14, 14, 1, 20), (19,), (3, 3, 3)]
ROWS = [0, 2, 1, 1]
SECOND = [(31, 2, 8), (4,), (4, 9), (22, 21)]
ROWS_OF_FIRST = [1, 1, 3, 0]


@pytest.fixture(scope="module", params=list(NETWORKS))
def engine(request):
    from forethought.backbones import QwenVL

    form = CompletionFormat(embed_id=1, start=(), end_ids=(2,), forbidden=())
    return LocalEngine(QwenVL(network_of(request.param)), 0, form)


def prompt(ids):
    return Prompt(tuple(ids), (), len(ids) - 1, len(ids))


def test_a_prompt_continued_twice_is_the_whole_prompt(engine):
    prefill = engine.prefill([prompt(ids) for ids in PROMPTS])
    first = extend_prefill(engine.backbone, prefill, rows=ROWS, continuations=FIRST)
    second = extend_prefill(engine.backbone, first, rows=ROWS_OF_FIRST, continuations=SECOND)
    whole = [
        (*PROMPTS[ROWS[row]], *FIRST[row], *ids)
        for row, ids in zip(ROWS_OF_FIRST, SECOND, strict=True)
    ]
    expected = engine.prefill([prompt(ids) for ids in whole])
    assert second.token_ids == expected.token_ids
    assert second.next_position.tolist() == expected.next_position.tolist()
    torch.testing.assert_close(second.last, expected.last, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(second.direct, expected.direct, atol=1e-4, rtol=1e-4)
    generated = [
        engine.generate(one, range(4), budget=5, sampling=Sampling()) for one in (second, expected)
    ]
    assert generated[0][1] == generated[1][1]
    torch.testing.assert_close(generated[0][0], generated[1][0], atol=1e-4, rtol=1e-4)


def test_nothing_continues_a_prefill_without_its_cache(engine):
    prefill = engine.prefill([prompt(PROMPTS[0])])
    first = extend_prefill(
        engine.backbone, prefill, rows=[0], continuations=[(6,)], keep_cache=False
    )
    with pytest.raises(ValueError, match="this prefill has no cache"):
        extend_prefill(engine.backbone, first, rows=[0], continuations=[(6,)])


def test_a_likelihood_is_the_sum_over_the_tokens_of_a_completion(engine, monkeypatch):
    # Three rows of the vocabulary's forty logits at a time.
    monkeypatch.setattr("forethought.engines.prefill_extension.LOGIT_NUMBERS", 120)
    prefill = engine.prefill([prompt(ids) for ids in PROMPTS])
    found = log_likelihoods(engine.backbone, prefill, rows=ROWS, completions=FIRST)
    for row, ids, total in zip(ROWS, FIRST, found.tolist(), strict=True):
        before, expected = PROMPTS[row], 0.0
        for token in ids:
            logits = engine.backbone.logits(engine.prefill([prompt(before)]).last)[0]
            expected += float(logits.log_softmax(-1)[token])
            before = (*before, token)
        assert total == pytest.approx(expected, abs=1e-3)
