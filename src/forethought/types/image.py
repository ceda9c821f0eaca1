"""A picture, decoded."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from forethought.media import ImageSource, display_name, load_image


@dataclass(frozen=True, slots=True, eq=False, init=False, repr=False)
class Image:
    """A picture, decoded once: RGB, upright, transparent parts on white.

    Args:
        data: a path, the bytes of a picture file, a Pillow picture, an RGB array, which is
            copied, a `data:` URL, or an http(s) URL. Of an animation, the first frame. Grey of
            more than 8 bits is scaled from the range of its type: floats from 0 to 1.
        source: the name of the picture in messages; its path by default.
        is_page: it is a page of a document, which has a default instruction of its own.
        allow_urls: fetch `data` if it is an http(s) URL, from public addresses only.

    Raises:
        ContentError: if it cannot be found, fetched, read or decoded, has over 64 megapixels,
            or is of another type.
    """

    pixels: UInt8[np.ndarray, "H W 3"]
    source: str
    is_page: bool

    def __init__(
        self,
        data: ImageSource,
        *,
        source: str = "",
        is_page: bool = False,
        allow_urls: bool = False,
    ) -> None:
        name = source or display_name(data, "picture")
        object.__setattr__(self, "pixels", load_image(data, name, allow_urls=allow_urls))
        object.__setattr__(self, "source", name)
        object.__setattr__(self, "is_page", is_page)

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"<Image {self.source!r}, {width} x {height}>"
