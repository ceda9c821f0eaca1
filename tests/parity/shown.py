"""What the parity tests show: six kinds of input, for us and for the straight line."""

import numpy as np

from forethought.types import Content, FramePolicy, Image, Message, Side, Text, Video
from tests.parity.reference import EncodeInput

PIXELS = (3136, 20_000)
BUDGET = 14
FRAMES = FramePolicy(count=5)
THINKERS = ("ume_r1", "rge", "mmemb_r1")
PLAIN = ("qwen3_vl_embedding", "vlm2vec")
CLOSE = 0.99999


def picture(height, width, seed):
    """Blocks of colour with noise on them: no two alike, nothing flat."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (height // 20 + 1, width // 20 + 1, 3))
    big = np.kron(blocks, np.ones((20, 20, 1)))[:height, :width]
    return (big * 0.8 + rng.integers(0, 50, (height, width, 3))).astype(np.uint8)


SHOWN = {
    "text": EncodeInput("Find the picture:", "a red square beside two blue ones"),
    "image": EncodeInput("Represent the given image.", pictures=(picture(90, 131, 1),)),
    "image-and-text": EncodeInput(
        "Answer the question:", "what is in it?", pictures=(picture(64, 200, 2),)
    ),
    "two-images": EncodeInput(
        "Compare:", "which is the older?", pictures=(picture(56, 56, 3), picture(140, 70, 4))
    ),
    "video": EncodeInput("Watch this:", frames=tuple(picture(70, 84, s) for s in range(5, 9))),
    "video-image-text": EncodeInput(
        "Find the clip:",
        "the one with this on it",
        pictures=(picture(100, 60, 9),),
        frames=tuple(picture(60, 100, s) for s in range(10, 15)),
    ),
}
KINDS = tuple(SHOWN)


def message(shown, side=Side.QUERY):
    """The same input as a caller of the library would show it."""
    content: list[Content] = []
    if shown.frames:
        content.append(Video(list(shown.frames)))
    content += [Image(pixels) for pixels in shown.pictures]
    if shown.words:
        content.append(Text(shown.words))
    return Message(tuple(content), shown.instruction, side)
