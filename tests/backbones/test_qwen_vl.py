import numpy as np
import pytest
import torch

from forethought.backbones import collate
from forethought.backbones.qwen_vl import attention_kernels
from forethought.renderers import Tag
from forethought.types import Image, Message, Side, Text

COLOURS = [(220, 30, 30), (30, 180, 60)]
PICTURES = [Image(np.full((56, 56, 3), colour, np.uint8)) for colour in COLOURS]
SHOWN = [
    (Text("red"),),
    (PICTURES[0], Text("what is it, and what is it for?")),
    (Text("blue, square"),),
    (PICTURES[1], PICTURES[0]),
]


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    return [
        tiny_encoder.renderer.render(Message(content, "Find it.", Side.QUERY)) for content in SHOWN
    ]


@pytest.fixture(scope="module")
def read(tiny_encoder):
    backbone = tiny_encoder.engine.backbone

    def states(prompts, side):
        batch = collate(
            [prompt.token_ids for prompt in prompts],
            [prompt.pictures for prompt in prompts],
            side=side,
            placeholders=backbone.placeholders,
            pad_id=tiny_encoder.renderer.layout.pad_id,
        )
        hidden = backbone.read(batch)
        return [hidden[row][batch.mask[row].bool()] for row in range(len(prompts))]

    return states


def stock_states(network, prompt):
    """One row through the stock network, its positions left to it."""
    token_ids = torch.tensor([prompt.token_ids])
    shown = prompt.pictures
    return network.model(
        input_ids=token_ids,
        attention_mask=torch.ones_like(token_ids),
        mm_token_type_ids=(token_ids == network.config.image_token_id).long(),
        pixel_values=torch.from_numpy(np.concatenate([p.values for p in shown])) if shown else None,
        image_grid_thw=torch.tensor([p.grid for p in shown]) if shown else None,
        output_hidden_states=True,
    ).last_hidden_state[0]


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side_changes_no_state(tiny_encoder, prompts, read, side):
    together = read(prompts, side)
    for prompt, states in zip(prompts, together, strict=True):
        alone = stock_states(tiny_encoder.engine.backbone.network, prompt)
        torch.testing.assert_close(states, alone, atol=1e-5, rtol=1e-5)


def test_a_picture_changes_the_states_behind_it(read, tiny_encoder):
    backbone = tiny_encoder.engine.backbone
    two, swapped = (
        tiny_encoder.renderer.render(Message(shown, "Find it.", Side.QUERY))
        for shown in (tuple(PICTURES), tuple(PICTURES[::-1]))
    )
    one, other = read([two, swapped], "left")
    assert (one[-1] - other[-1]).abs().max() > 1e-4
    assert one.shape == (len(two.token_ids), backbone.dimension)


def test_it_says_its_sizes(tiny_encoder):
    backbone = tiny_encoder.engine.backbone
    assert (backbone.dimension, backbone.context, backbone.placeholders.merge_size) == (32, 160, 2)
    assert backbone.placeholders.image_id == tiny_encoder.renderer.layout.token_id(Tag.IMAGE)
    assert backbone.device.type == "cpu"


def cudnn_may_run(device):
    with attention_kernels(torch.device(device)):
        return torch.backends.cuda.cudnn_sdp_enabled()


def test_on_a_gpu_no_attention_kernel_is_built_for_every_shape_that_is_met():
    before = torch.backends.cuda.cudnn_sdp_enabled()
    with torch.inference_mode():
        assert not cudnn_may_run("cuda")
        assert cudnn_may_run("cpu") is before
    # Where layers are checkpointed, forward and backward must choose alike.
    assert cudnn_may_run("cuda") is before
    assert torch.backends.cuda.cudnn_sdp_enabled() is before
