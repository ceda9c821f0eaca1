"""Random zoom, shift, mirroring and colour for the pictures of an example."""

from dataclasses import replace

import numpy as np
import PIL.Image
import PIL.ImageEnhance

from forethought.types import Document, Example, Image, Message

ASYMMETRIC_TASKS = frozenset({"flag", "flag_question", "country_question", "clock"})
"""Tasks in whose pictures left and right carry meaning: they are never mirrored."""


def augment_pictures(example: Example, rng: np.random.Generator) -> Example:
    """Change every picture of an example a little; texts and rationales stay."""
    may_flip = example.task not in ASYMMETRIC_TASKS

    def document(plain: Document) -> Document:
        return replace(plain, message=_augment_message(plain.message, rng, may_flip=may_flip))

    return replace(
        example,
        query=_augment_message(example.query, rng, may_flip=may_flip),
        positives=tuple(map(document, example.positives)),
        negatives=tuple(map(document, example.negatives)),
    )


def augment_image(image: Image, rng: np.random.Generator, *, may_flip: bool) -> Image:
    """Zoom, shift, mirror and recolour a picture on a white ground, a little."""
    picture = PIL.Image.fromarray(image.pixels)
    height, width = image.pixels.shape[:2]
    scale = rng.uniform(0.85, 1.2)
    left, top = rng.uniform(-0.08, 0.08, 2) * (width, height)
    # Maps a point of the result to the point it is taken from; outside is white.
    picture = picture.transform(
        (width, height),
        PIL.Image.Transform.AFFINE,
        (scale, 0, left + (1 - scale) * width / 2, 0, scale, top + (1 - scale) * height / 2),
        resample=PIL.Image.Resampling.BILINEAR,
        fillcolor=(255, 255, 255),
    )
    if may_flip and rng.random() < 0.5:
        picture = picture.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (PIL.ImageEnhance.Color, PIL.ImageEnhance.Brightness, PIL.ImageEnhance.Contrast):
        picture = enhance(picture).enhance(rng.uniform(0.75, 1.15))
    return Image(np.asarray(picture), source=image.source)


def _augment_message(message: Message, rng: np.random.Generator, *, may_flip: bool) -> Message:
    content = tuple(
        augment_image(part, rng, may_flip=may_flip) if isinstance(part, Image) else part
        for part in message.content
    )
    return replace(message, content=content)
