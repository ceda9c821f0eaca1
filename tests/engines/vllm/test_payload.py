import dataclasses

import numpy as np
import pytest
import torch

from forethought.backbones import PlaceholderTokens
from forethought.engines import DecodeOptions, EarlyExit, Sampling
from forethought.engines.vllm.payload import (
    VllmRequest,
    image_features,
    prompt_payload,
    repetition_payload,
    sampling_payload,
    single_placeholders,
)
from forethought.errors import ModelError
from forethought.types import CompletionFormat, Patches, Prompt

PLACEHOLDERS = PlaceholderTokens(image_id=5, video_id=6, merge_size=2)
FORMAT = CompletionFormat(embed_id=11, start=(7, 8), end_ids=(2, 3), forbidden=(4, 0))


def patches(grid, **fields):
    return Patches(np.zeros((int(np.prod(grid)), 12), np.float32), grid, **fields)


def prompt(token_ids, *pictures):
    return Prompt(tuple(token_ids), pictures, len(token_ids) - 1, len(token_ids) - 1)


def request(one, features=None):
    return VllmRequest(0, one, features)


def test_each_image_has_one_placeholder():
    # 2 x 4 patches are two tokens, 2 x 6 are three.
    one = prompt([20, 5, 5, 5, 5, 5, 21, 22, 9], patches((1, 2, 4)), patches((1, 2, 6)))
    assert single_placeholders(one, PLACEHOLDERS) == [20, 5, 5, 21, 22]


def test_a_prompt_of_text_is_sent_without_its_direct_embed_token():
    assert prompt_payload(request(prompt([20, 21, 9])), (7, 8), PLACEHOLDERS) == {
        "prompt_token_ids": [20, 21, 7, 8]
    }


def test_images_are_sent_as_features_and_grids():
    one = prompt([5, 5, 21, 9], patches((1, 2, 4)))
    image = prompt_payload(request(one, torch.ones(2, 3)), (), PLACEHOLDERS)["multi_modal_data"][
        "image"
    ]
    torch.testing.assert_close(image["image_embeds"], torch.ones(2, 3))
    assert image["image_grid_thw"].tolist() == [[1, 2, 4]]


def test_vllm_detects_the_loops_that_are_cut():
    assert repetition_payload(DecodeOptions(40, repeats=3)) == {
        "max_pattern_size": 16,
        "min_pattern_size": 2,
        "min_count": 3,
    }
    assert repetition_payload(DecodeOptions(40, repeats=0)) is None


def test_sampling_parameters_are_complete(tiny_encoder):
    backbone = tiny_encoder.engine.backbone
    placeholders = backbone.placeholders
    options = DecodeOptions(30, Sampling(temperature=0.7, top_p=0.9, top_k=40))
    assert sampling_payload(prompt([20, 21, 9]), options, FORMAT, backbone=backbone) == {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        # The two forced tokens count.
        "max_tokens": 28,
        "stop_token_ids": [11, 2, 3],
        "ignore_eos": True,
        "logit_bias": dict.fromkeys(
            {0, 4, placeholders.image_id, placeholders.video_id}, -float("inf")
        ),
        "detokenize": False,
    }


def test_a_completion_ends_where_the_context_does(tiny_encoder):
    backbone = tiny_encoder.engine.backbone
    # 160 positions: 150 of the prompt, two forced tokens, the embed token.
    long = prompt([20] * 151)
    payload = sampling_payload(long, DecodeOptions(30), FORMAT, backbone=backbone)
    assert payload["max_tokens"] == 7
    with pytest.raises(ModelError, match=r"a prompt of 160 tokens leaves no room .* of 160"):
        sampling_payload(prompt([20] * 159), DecodeOptions(30), FORMAT, backbone=backbone)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampling": Sampling(2.5)}, "temperature of at most 2.0, got 2.5: lower it"),
        ({"early_exit": EarlyExit()}, "no hidden states for early_exit: use engine='local'"),
    ],
)
def test_options_without_support_in_vllm_are_refused(tiny_encoder, changes, message):
    options = dataclasses.replace(DecodeOptions(30), **changes)
    backbone = tiny_encoder.engine.backbone
    with pytest.raises(ModelError, match=message):
        sampling_payload(prompt([20, 9]), options, FORMAT, backbone=backbone)


def test_a_video_is_refused(tiny_encoder):
    video = prompt([6, 6, 9], patches((2, 2, 2), is_video=True))
    with pytest.raises(ModelError, match="takes no videos; embed them with engine='local'"):
        image_features(tiny_encoder.engine.backbone, [video])
