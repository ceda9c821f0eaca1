import numpy as np
import pytest
import torch

from forethought.encoders import EncodeInput, as_messages
from forethought.engines import Limits, teacher_force
from forethought.errors import ContentError
from forethought.types import Image, Side, Text

VIOLET = Image(np.full((56, 56, 3), (150, 40, 200), np.uint8))


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    inputs: list[EncodeInput] = [
        "a long question about an orange square",
        VIOLET,
        [VIOLET, Text("what?")],
        "red",
    ]
    messages = as_messages(inputs, side=Side.QUERY, instruction="Find it.")
    return [tiny_encoder.renderer.render(message) for message in messages]


def completions(encoder):
    embed = encoder.renderer.completion_format.embed_id
    return [(9, 10, embed), (embed,), (11, embed), (12, 13, 14, 15, embed)]


def forced(encoder, prompts, completions, **limits):
    backbone, pad_id = encoder.engine.backbone, encoder.renderer.layout.pad_id
    return teacher_force(backbone, prompts, completions, pad_id=pad_id, limits=Limits(**limits))


@pytest.mark.parametrize("limits", [{"waste": 1.0}, {"rows": 3, "waste": 1.0}, {"tokens": 1}, {}])
def test_a_batch_gives_what_each_gives_alone(tiny_encoder, prompts, limits):
    given = completions(tiny_encoder)
    together = forced(tiny_encoder, prompts, given, **limits)
    alone = [forced(tiny_encoder, [p], [c])[0] for p, c in zip(prompts, given, strict=True)]
    torch.testing.assert_close(together, torch.stack(alone), atol=1e-4, rtol=1e-4)


def test_a_sequence_beyond_the_context_is_refused(tiny_encoder, prompts):
    long = (9,) * 150
    with pytest.raises(ContentError, match=r"stored rationale of 150 exceed .* context of 160"):
        forced(tiny_encoder, prompts[:2], [(9,), long])
