"""The inputs of the parity tests: six kinds, for the library and for the reference."""

import numpy as np

from forethought.types import Content, FramePolicy, Image, Message, Side, Text, Video
from tests.parity.reference import ReferenceInput

PIXELS = (3136, 20_000)
BUDGET = 14
FRAMES = FramePolicy(count=5)
THINKERS = ("ume_r1", "rge", "mmemb_r1")
PLAIN = ("qwen3_vl_embedding", "vlm2vec")
CLOSE = 0.99999


def picture(height, width, seed):
    """Blocks of colour with noise: no two equal, none flat."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (height // 20 + 1, width // 20 + 1, 3))
    big = np.kron(blocks, np.ones((20, 20, 1)))[:height, :width]
    return (big * 0.8 + rng.integers(0, 50, (height, width, 3))).astype(np.uint8)


INPUTS = {
    "text": ReferenceInput("Find the picture:", "a red square beside two blue ones"),
    "image": ReferenceInput("Represent the given image.", pictures=(picture(90, 131, 1),)),
    "image-and-text": ReferenceInput(
        "Answer the question:", "what is in it?", pictures=(picture(64, 200, 2),)
    ),
    "two-images": ReferenceInput(
        "Compare:", "which is the older?", pictures=(picture(56, 56, 3), picture(140, 70, 4))
    ),
    "video": ReferenceInput("Watch this:", frames=tuple(picture(70, 84, s) for s in range(5, 9))),
    "video-image-text": ReferenceInput(
        "Find the clip:",
        "the one with this on it",
        pictures=(picture(100, 60, 9),),
        frames=tuple(picture(60, 100, s) for s in range(10, 15)),
    ),
}
KINDS = tuple(INPUTS)


def message(given, side=Side.QUERY):
    """The same input as the library takes it."""
    content: list[Content] = []
    if given.frames:
        content.append(Video(list(given.frames)))
    content += [Image(pixels) for pixels in given.pictures]
    if given.words:
        content.append(Text(given.words))
    return Message(tuple(content), given.instruction, side)
