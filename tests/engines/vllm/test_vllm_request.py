import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.backbones import PlaceholderTokens
from forethought.engines import Completion, DecodeOptions, EarlyExit, Sampling
from forethought.engines.stopping import ENDINGS, OPEN, StopCriteria, extended
from forethought.engines.vllm.vllm_request import (
    VllmRequest,
    close,
    collapse,
    loops,
    prompt_for,
    see,
    settings,
)
from forethought.errors import ModelError
from forethought.types import CompletionFormat, Ending, Patches, Prompt

MARKS = PlaceholderTokens(image_id=5, video_id=6, merge_size=2)
GRAMMAR = CompletionFormat(embed_id=11, start=(7, 8), end_ids=(2, 3), forbidden=(4, 0))


def patches(grid, **how):
    return Patches(np.zeros((int(np.prod(grid)), 12), np.float32), grid, **how)


def prompt(token_ids, *pictures, spare=1):
    return Prompt(tuple(token_ids), pictures, len(token_ids) - 1, len(token_ids) - spare)


def asked(one, seen=None):
    return VllmRequest(0, one, seen)


def test_each_picture_is_left_one_placeholder():
    # 2 x 4 patches are two tokens, 2 x 6 are three: side by side they are told apart.
    one = prompt([20, 5, 5, 5, 5, 5, 21, 22, 9], patches((1, 2, 4)), patches((1, 2, 6)))
    assert collapse(one, MARKS) == [20, 5, 5, 21, 22]


def test_a_prompt_of_words_is_left_as_it_is_but_for_its_direct_token():
    assert prompt_for(asked(prompt([20, 21, 9])), (7, 8), MARKS) == {
        "prompt_token_ids": [20, 21, 7, 8]
    }


def test_pictures_go_along_as_what_was_seen_and_their_grids():
    one = prompt([5, 5, 21, 9], patches((1, 2, 4)))
    shown = prompt_for(asked(one, torch.ones(2, 3)), (), MARKS)["multi_modal_data"]["image"]
    torch.testing.assert_close(shown["image_embeds"], torch.ones(2, 3))
    assert shown["image_grid_thw"].tolist() == [[1, 2, 4]]


@pytest.mark.parametrize(
    ("tokens", "kept", "ending"),
    [
        ((20, 11), (20, 11), Ending.EMBED),
        ((11,), (11,), Ending.EMBED),
        # What a writer says behind an end is nobody's.
        ((20, 11, 30), (20, 11), Ending.EMBED),
        ((20, 3), (20, 11), Ending.MALFORMED),
        ((20, 21, 22, 23, 24), (20, 21, 22, 23, 24, 11), Ending.LENGTH),
        # The sixth token is over the budget, whatever it is.
        ((20, 21, 22, 23, 24, 11), (20, 21, 22, 23, 24, 11), Ending.LENGTH),
        # Out of room before the budget.
        ((20, 21), (20, 21, 11), Ending.LENGTH),
        ((), (11,), Ending.LENGTH),
    ],
)
def test_a_completion_is_closed_at_what_ends_it(tokens, kept, ending):
    assert close(tokens, GRAMMAR, DecodeOptions(5)) == Completion(kept, ending)


def test_a_run_said_over_and_over_is_closed_with_its_last_token_replaced():
    said = (20, *(21, 22) * 3, 30)
    assert close(said, GRAMMAR, DecodeOptions(40, repeats=3)) == Completion(
        (20, 21, 22, 21, 22, 21, 11), Ending.LOOP
    )
    assert close(said, GRAMMAR, DecodeOptions(40, repeats=4)).ending is Ending.LENGTH
    assert close(said, GRAMMAR, DecodeOptions(40, repeats=0)).ending is Ending.LENGTH


@given(
    tokens=st.lists(st.sampled_from([20, 20, 20, 21, 21, 2, 11]), max_size=24),
    budget=st.integers(1, 20),
    repeats=st.integers(0, 4),
)
def test_it_is_closed_as_the_local_engine_closes_it(tokens, budget, repeats):
    decode_options = DecodeOptions(budget, repeats=repeats)
    judge = StopCriteria(GRAMMAR, budget, repeats)
    runs = torch.zeros(1, 15, dtype=torch.long)
    history = torch.tensor([[*tokens, 0]])
    expected = Completion((*tokens, 11), Ending.LENGTH)
    for at, token in enumerate(tokens):
        new = torch.tensor([token])
        runs = extended(
            runs, new, history=history, starts=torch.tensor([0]), lengths=torch.tensor([at])
        )
        code = int(judge(new, torch.tensor([at]), runs))
        if code != OPEN:
            expected = Completion((*tokens[:at], 11), ENDINGS[code])
            break
    assert close(tuple(tokens), GRAMMAR, decode_options) == expected


def test_vllm_knows_a_loop_as_it_is_closed():
    assert loops(DecodeOptions(40, repeats=3)) == {
        "max_pattern_size": 16,
        "min_pattern_size": 2,
        "min_count": 3,
    }
    assert loops(DecodeOptions(40, repeats=0)) is None


def test_the_rules_of_writing_are_told_in_full(tiny_encoder):
    backbone = tiny_encoder.engine.backbone
    placeholders = backbone.placeholders
    decode_options = DecodeOptions(30, Sampling(temperature=0.7, top_p=0.9, top_k=40))
    told = settings(prompt([20, 21, 9]), decode_options, GRAMMAR, backbone=backbone)
    assert told == {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        # The two that it starts with count.
        "max_tokens": 28,
        "stop_token_ids": [11, 2, 3],
        "ignore_eos": True,
        "logit_bias": dict.fromkeys(
            {0, 4, placeholders.image_id, placeholders.video_id}, -float("inf")
        ),
        "detokenize": False,
    }


def test_a_rationale_ends_with_the_context(tiny_encoder):
    backbone = tiny_encoder.engine.backbone
    # 160 places: 150 of the prompt, two to start with, one to embed.
    long = prompt([20] * 151)
    assert settings(long, DecodeOptions(30), GRAMMAR, backbone=backbone)["max_tokens"] == 7
    with pytest.raises(ModelError, match=r"a prompt of 160 tokens leaves no room .* of 160"):
        settings(prompt([20] * 159), DecodeOptions(30), GRAMMAR, backbone=backbone)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"sampling": Sampling(2.5)}, "temperature 2.5: use"),
        ({"early_exit": EarlyExit()}, "for settle"),
    ],
)
def test_a_manner_that_vllm_has_not_is_refused(tiny_encoder, how, said):
    decode_options = dataclasses.replace(DecodeOptions(30), **how)
    with pytest.raises(ModelError, match=said):
        settings(prompt([20, 9]), decode_options, GRAMMAR, backbone=tiny_encoder.engine.backbone)


def test_a_video_is_refused(tiny_encoder):
    film = prompt([6, 6, 9], patches((2, 2, 2), is_video=True))
    with pytest.raises(ModelError, match="shown no videos; embed them with engine='local'"):
        see(tiny_encoder.engine.backbone, [film])
