"""One piece of what a caller shows: a text or a picture, decoded."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
from jaxtyping import UInt8

from forethought.errors import ContentError

MAX_PIXELS = 64_000_000
"""The largest picture that is decoded: 64 megapixels take 192 MB as RGB."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words.

    Raises:
        ContentError: if there is nothing in them but white space, or they are not Unicode.
    """

    words: str

    def __post_init__(self) -> None:
        if not self.words.strip():
            raise ContentError(
                f"text is empty ({self.words!r}): a vector needs at least one word to stand for"
            )
        try:
            self.words.encode()
        except UnicodeEncodeError as error:
            raise ContentError(
                f"text {self.words!r} is no Unicode at {error.start} (half a surrogate pair): "
                "write it as UTF-8"
            ) from None


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Image:
    """A picture, decoded once: RGB, upright, transparent parts on white.

    Args:
        shown: a path, the bytes of a picture file, a Pillow picture, or an RGB array.
        source: what messages call it; the path by default.

    Raises:
        ContentError: if it cannot be found, read or decoded, or is over `MAX_PIXELS`.
    """

    pixels: UInt8[np.ndarray, "H W 3"]
    source: str

    def __init__(
        self,
        shown: str | Path | bytes | PIL.Image.Image | UInt8[np.ndarray, "H W 3"],
        *,
        source: str = "",
    ) -> None:
        name = source or (str(shown) if isinstance(shown, str | Path) else "picture")
        pixels = shown if isinstance(shown, np.ndarray) else _decode(shown, name)
        if pixels.dtype != np.uint8 or pixels.shape[2:] != (3,) or not pixels.size:
            raise ContentError(
                f"{name}: an array must be uint8, height x width x 3, and not empty, got "
                f"{pixels.dtype} {pixels.shape}; scale it to 0-255 RGB"
            )
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "source", name)


Content = Text | Image


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
