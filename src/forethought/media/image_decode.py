"""Pictures from any source as RGB arrays."""

import io
import warnings
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.address import is_data_url, is_web_url, read_data_url
from forethought.media.fetch import fetch

MAX_PIXELS = 64_000_000
"""The largest picture that is decoded: 64 megapixels take 192 MB as RGB."""
MAX_TOTAL_PIXELS = 1_600_000_000
"""The most pixels of all frames of a clip, or all pages of one call, together: 4.8 GB as RGB,
768 frames of 1920 x 1080."""

ImageSource = str | Path | bytes | PIL.Image.Image | UInt8[np.ndarray, "_ _ 3"]
"""A path, the bytes of a picture file, a Pillow picture or an RGB array."""


def load_image(
    source: ImageSource, name: str, *, allow_urls: bool = False
) -> UInt8[np.ndarray, "H W 3"]:
    """Decode a picture from any source: a string may also be a `data:` or an http(s) URL.

    Raises:
        ContentError: as `decode_image` does, or if the source is an http(s) URL that cannot be
            fetched, or may not be without `allow_urls`.
    """
    if isinstance(source, str) and is_data_url(source):
        source = read_data_url(source, name)
    elif isinstance(source, str) and is_web_url(source):
        if not allow_urls:
            raise ContentError(
                f"{name}: a URL, and URLs are fetched only on request: "
                "Image(url, allow_urls=True), or download it first"
            )
        source = fetch(source)
    return decode_image(source, name)


def decode_image(source: ImageSource, name: str) -> UInt8[np.ndarray, "H W 3"]:
    """Decode a picture: upright, transparent parts on white, 16 bits scaled to 8.

    Of an animation, the first frame. An array is checked and returned as it is.

    Raises:
        ContentError: if it cannot be found, read or decoded, has over `MAX_PIXELS`, or is an
            array that is not uint8, height x width x 3.
    """
    pixels = source if isinstance(source, np.ndarray) else _decode(source, name)
    if pixels.dtype != np.uint8 or pixels.shape[2:] != (3,) or not pixels.size:
        raise ContentError(
            f"{name}: an array must be uint8, height x width x 3, and not empty, got "
            f"{pixels.dtype} {pixels.shape}; scale it to 0-255 RGB"
        )
    return pixels


def _decode(source: str | Path | bytes | PIL.Image.Image, name: str) -> UInt8[np.ndarray, "H W 3"]:
    try:
        if isinstance(source, PIL.Image.Image):
            _check_size(source, name)
            return _rgb(source)
        with warnings.catch_warnings():
            # Pillow only warns between one and two times its own limit; ours decides. Its other
            # warnings (odd EXIF, palettes) do not stop it from decoding.
            warnings.simplefilter("ignore")
            file = io.BytesIO(source) if isinstance(source, bytes) else source
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
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged input
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
        rgba = upright.convert("RGBA")
        white = PIL.Image.new("RGBA", rgba.size, "white")
        upright = PIL.Image.alpha_composite(white, rgba)
    return np.asarray(upright.convert("RGB"))


def _eight_bit(picture: PIL.Image.Image) -> PIL.Image.Image:
    # Pillow clips 16-bit grey at 255 when it converts; scale by the range in use instead.
    values = np.asarray(picture, dtype=np.float32)
    top = 65535.0 if values.max() > 255 else 255.0
    return PIL.Image.fromarray((values / top * 255).clip(0, 255).astype(np.uint8))
