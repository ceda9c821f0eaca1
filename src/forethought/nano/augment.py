"""A picture seen a little differently each time."""

import numpy as np
import PIL.Image
import PIL.ImageEnhance

from forethought.types import Image


def augment(image: Image, rng: np.random.Generator, *, may_flip: bool) -> Image:
    """Zoom, shift, mirror and recolour a picture on a white ground, a little.

    `may_flip` is off where left and right carry meaning: flags, clock faces.
    """
    picture = PIL.Image.fromarray(image.pixels)
    height, width = image.pixels.shape[:2]
    scale = rng.uniform(0.85, 1.2)
    left, top = rng.uniform(-0.08, 0.08, 2) * (width, height)
    # Maps a place in the result to the place it is taken from; outside is white.
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
