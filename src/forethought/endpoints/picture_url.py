"""Pictures as `data:` URLs, as chat endpoints take them."""

import base64
import io
import math

import numpy as np
import PIL.Image
from jaxtyping import UInt8

_JPEG_QUALITY = 92


def picture_url(pixels: UInt8[np.ndarray, "H W 3"], *, max_pixels: int) -> str:
    """A picture as a `data:` URL, scaled down to at most `max_pixels` with its aspect ratio.

    PNG or JPEG, whichever is shorter: drawings stay exact, photographs small.
    """
    picture = PIL.Image.fromarray(pixels)
    size = fit(picture.width, picture.height, max_pixels=max_pixels)
    if size != picture.size:
        picture = picture.resize(size, PIL.Image.Resampling.LANCZOS)
    png, jpeg = _encode(picture, "PNG"), _encode(picture, "JPEG")
    kind, data = ("png", png) if len(png) <= len(jpeg) else ("jpeg", jpeg)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def fit(width: int, height: int, *, max_pixels: int) -> tuple[int, int]:
    """The largest size of the same shape with at most `max_pixels`, at least 1 x 1."""
    if width * height <= max_pixels:
        return width, height
    scale = math.sqrt(max_pixels / (width * height))
    narrow = min(max(1, math.floor(width * scale)), max_pixels)
    return narrow, min(max(1, math.floor(height * scale)), max_pixels // narrow)


def _encode(picture: PIL.Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": _JPEG_QUALITY} if kind == "JPEG" else {}))
    return out.getvalue()
