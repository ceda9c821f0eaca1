import numpy as np
import pytest
import torch

from forethought.backbones import collate
from forethought.backbones.qwen_vl import attention_kernels
from forethought.renderers import Tag
from forethought.types import Image, Message, Side, Text

COLOURS = [(220, 30, 30), (30, 180, 60)]
PICTURES = [Image(np.full((56, 56, 3), colour, np.uint8)) for colour in COLOURS]
CONTENTS = [
    (Text("red"),),
    (PICTURES[0], Text("what is it, and what is it for?")),
    (Text("blue, square"),),
    (PICTURES[1], PICTURES[0]),
]


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    return [
        tiny_encoder.renderer.render(Message(content, "Find it.", Side.QUERY))
        for content in CONTENTS
    ]


@pytest.fixture(scope="module")
def run(tiny_encoder):
    """Runs prompts in one batch; returns the hidden states of each without padding."""
    backbone = tiny_encoder.engine.backbone

    def hidden_states(prompts, side):
        batch = collate(
            [prompt.token_ids for prompt in prompts],
            [prompt.pictures for prompt in prompts],
            side=side,
            placeholders=backbone.placeholders,
            pad_id=tiny_encoder.renderer.layout.pad_id,
        )
        hidden = backbone.hidden_states(batch)
        return [hidden[row][batch.mask[row].bool()] for row in range(len(prompts))]

    return hidden_states


def stock_states(network, prompt):
    """Hidden states of one prompt by the stock network, which computes the positions."""
    token_ids = torch.tensor([prompt.token_ids])
    pictures = prompt.pictures
    return network.model(
        input_ids=token_ids,
        attention_mask=torch.ones_like(token_ids),
        mm_token_type_ids=(token_ids == network.config.image_token_id).long(),
        pixel_values=(
            torch.from_numpy(np.concatenate([p.values for p in pictures])) if pictures else None
        ),
        image_grid_thw=torch.tensor([p.grid for p in pictures]) if pictures else None,
        output_hidden_states=True,
    ).last_hidden_state[0]


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side_changes_no_state(tiny_encoder, prompts, run, side):
    together = run(prompts, side)
    for prompt, states in zip(prompts, together, strict=True):
        alone = stock_states(tiny_encoder.engine.backbone.network, prompt)
        torch.testing.assert_close(states, alone, atol=1e-5, rtol=1e-5)


def test_an_image_changes_the_states_behind_it(run, tiny_encoder):
    backbone = tiny_encoder.engine.backbone
    two, swapped = (
        tiny_encoder.renderer.render(Message(content, "Find it.", Side.QUERY))
        for content in (tuple(PICTURES), tuple(PICTURES[::-1]))
    )
    one, other = run([two, swapped], "left")
    assert (one[-1] - other[-1]).abs().max() > 1e-4
    assert one.shape == (len(two.token_ids), backbone.hidden_size)


def test_sizes_come_from_the_config(tiny_encoder):
    backbone = tiny_encoder.engine.backbone
    assert (backbone.hidden_size, backbone.context_length) == (32, 160)
    assert backbone.placeholders.merge_size == 2
    assert backbone.placeholders.image_id == tiny_encoder.renderer.layout.token_id(Tag.IMAGE)
    assert backbone.device.type == "cpu"


def cudnn_may_run(device):
    with attention_kernels(torch.device(device)):
        return torch.backends.cuda.cudnn_sdp_enabled()


def test_cudnn_attention_is_excluded_on_a_gpu_without_gradients():
    before = torch.backends.cuda.cudnn_sdp_enabled()
    with torch.inference_mode():
        assert not cudnn_may_run("cuda")
        assert cudnn_may_run("cpu") is before
    # A checkpointed layer must choose the same kernel in forward and backward.
    assert cudnn_may_run("cuda") is before
    assert torch.backends.cuda.cudnn_sdp_enabled() is before
