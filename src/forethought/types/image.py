"""A picture, decoded."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.address import is_data_url, is_web_url, read_data_url, said
from forethought.media.fetch import fetch

MAX_PIXELS = 64_000_000
"""The largest picture that is decoded: 64 megapixels take 192 MB as RGB."""
MAX_PIXELS_TOGETHER = 1_600_000_000
"""The most that the frames of one clip, or the pages of one call, hold together: 4.8 GB as RGB,
768 frames of 1920 x 1080."""


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Image:
    """A picture, decoded once: RGB, upright, transparent parts on white.

    Args:
        shown: a path, the bytes of a picture file, a Pillow picture, an RGB array, a `data:`
            URL, or an http(s) URL. Of a moving picture, the first frame.
        source: what messages call it; the path by default.
        allow_urls: fetch it if it is an http(s) URL, from public addresses only.

    Raises:
        ContentError: if it cannot be found, fetched, read or decoded, or is over `MAX_PIXELS`.
    """

    pixels: UInt8[np.ndarray, "H W 3"]
    source: str

    def __init__(
        self,
        shown: str | Path | bytes | PIL.Image.Image | UInt8[np.ndarray, "H W 3"],
        *,
        source: str = "",
        allow_urls: bool = False,
    ) -> None:
        name = source or said(shown, "picture")
        if isinstance(shown, str) and is_data_url(shown):
            shown = read_data_url(shown, name)
        elif isinstance(shown, str) and is_web_url(shown):
            shown = _fetched(shown, name, allowed=allow_urls)
        pixels = shown if isinstance(shown, np.ndarray) else _decode(shown, name)
        if pixels.dtype != np.uint8 or pixels.shape[2:] != (3,) or not pixels.size:
            raise ContentError(
                f"{name}: an array must be uint8, height x width x 3, and not empty, got "
                f"{pixels.dtype} {pixels.shape}; scale it to 0-255 RGB"
            )
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "source", name)


def _fetched(url: str, name: str, *, allowed: bool) -> bytes:
    if not allowed:
        raise ContentError(
            f"{name}: a URL, and nothing is fetched unless you say so: "
            "Image(url, allow_urls=True), or download it first"
        )
    return fetch(url)


def _decode(shown: str | Path | bytes | PIL.Image.Image, name: str) -> UInt8[np.ndarray, "H W 3"]:
    try:
        if isinstance(shown, PIL.Image.Image):
            _check_size(shown, name)
            return _rgb(shown)
        with warnings.catch_warnings():
            # Pillow only warns between one and two times its own limit; ours decides. What
            # else it warns of (odd EXIF, palettes) does not stop it from decoding.
            warnings.simplefilter("ignore")
            file = io.BytesIO(shown) if isinstance(shown, bytes) else shown
            with PIL.Image.open(file) as picture:
                _check_size(picture, name)
                return _rgb(picture)
    except FileNotFoundError:
        raise ContentError(f"{name}: no such file; check the path") from None
    except IsADirectoryError:
        raise ContentError(f"{name}: a folder, not a picture; name a file in it") from None
    except PIL.UnidentifiedImageError:
        raise ContentError(
            f"{name}: not a picture that Pillow can read; convert it to PNG"
        ) from None
    except PIL.Image.DecompressionBombError:
        raise ContentError(_too_large(name)) from None
    except ContentError:
        raise
    except Exception as error:  # noqa: BLE001 - a decoder fed with anything raises anything
        raise ContentError(f"{name}: the picture is damaged ({error}); export it again") from None


def _check_size(picture: PIL.Image.Image, name: str) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise ContentError(f"{_too_large(name)}: it has {picture.width} x {picture.height}")


def _too_large(name: str) -> str:
    return f"{name}: over {MAX_PIXELS // 1_000_000} megapixels, the most that is decoded; shrink it"


def _rgb(picture: PIL.Image.Image) -> UInt8[np.ndarray, "H W 3"]:
    upright = PIL.ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I;16") or upright.mode in {"I", "F"}:
        upright = _eight_bit(upright)
    if upright.has_transparency_data:
        shown = upright.convert("RGBA")
        white = PIL.Image.new("RGBA", shown.size, "white")
        upright = PIL.Image.alpha_composite(white, shown)
    return np.asarray(upright.convert("RGB"))


def _eight_bit(picture: PIL.Image.Image) -> PIL.Image.Image:
    # Pillow clips 16-bit grey at 255 when it converts; scale by the range in use instead.
    values = np.asarray(picture, dtype=np.float32)
    top = 65535.0 if values.max() > 255 else 255.0
    return PIL.Image.fromarray((values / top * 255).clip(0, 255).astype(np.uint8))
