"""Pictures from any source as RGB arrays."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.address import check_path, is_data_url, is_web_url, read_data_url
from forethought.media.bit_depth import sample_range, to_eight_bits, transparent_value
from forethought.media.fetch import fetch
from forethought.media.heif_decode import heif_version, is_heif, open_heif
from forethought.media.image_source import ImageSource, check_source
from forethought.media.picture_formats import undecodable_reason, unreadable_reason
from forethought.media.png_text import is_too_long_text, strip_text

MAX_PIXELS = 64_000_000
"""The largest picture that is decoded: 64 megapixels take 192 MB as RGB."""
MAX_TOTAL_PIXELS = 1_600_000_000
"""The most pixels of all frames of a clip, or all pages of one call, together: 4.8 GB as RGB,
768 frames of 1920 x 1080."""

# Goes up when a picture that was decoded before gets other pixels, or a rejected one is decoded.
_RULES = 2
_TOO_LARGE = f"over {MAX_PIXELS // 1_000_000} megapixels, the most that is decoded; shrink it"
_PREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}  # La converts to nothing else


def picture_decoder() -> str:
    """The version of the decoder: what it rejected or decoded may differ under another."""
    return f"pillow {PIL.__version__}, heif {heif_version()}, {MAX_PIXELS} pixels, rules {_RULES}"


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
    """Decode a picture: upright, transparent parts on white, scaled to 8 bits.

    Of an animation, the first frame. An array is checked and copied.

    Raises:
        ContentError: if it cannot be found, read or decoded, has over `MAX_PIXELS`, or is of no
            type that is a picture, or an array that is not uint8, height x width x 3.
    """
    checked = check_source(source, name)
    if isinstance(checked, np.ndarray):
        return np.array(checked, order="C", subok=False)
    with _translated(name):
        if isinstance(checked, PIL.Image.Image):
            return _rgb(checked, name)
        with warnings.catch_warnings():
            # Pillow only warns between one and two times its own limit; ours decides. Its other
            # warnings (odd EXIF, palettes) do not stop it from decoding.
            warnings.simplefilter("ignore")
            return _decode_file(checked, name)


def _decode_file(source: str | Path | bytes, name: str) -> UInt8[np.ndarray, "H W 3"]:
    file = source if isinstance(source, bytes) else check_path(source, name)
    try:
        return _open(file, name)
    except ValueError as error:
        if not is_too_long_text(error):
            raise
    return _open(strip_text(file if isinstance(file, bytes) else file.read_bytes()), name)


def _open(file: Path | bytes, name: str) -> UInt8[np.ndarray, "H W 3"]:
    try:
        picture: PIL.Image.Image = PIL.Image.open(
            io.BytesIO(file) if isinstance(file, bytes) else file
        )
    except PIL.UnidentifiedImageError:
        picture = _open_unidentified(file, name)
    with picture:
        return _rgb(picture, name)


def _open_unidentified(file: Path | bytes, name: str) -> PIL.Image.Image:
    with io.BytesIO(file) if isinstance(file, bytes) else file.open("rb") as stream:
        head = stream.read(16)
        if not head:
            raise ContentError(f"{name}: the file is empty; export it again")
        if is_heif(head):
            return open_heif(head + stream.read(), name)
    raise ContentError(f"{name}: {unreadable_reason(head, name)}")


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Replace what decoders raise by a message with the way out."""
    try:
        yield
    except ContentError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged input
        raise ContentError(f"{name}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, IsADirectoryError):
        return "a folder, not a picture; name a file in it"
    if isinstance(error, PIL.Image.DecompressionBombError):
        return _TOO_LARGE
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be read ({error.strerror}); check the path"
    return f"the picture is damaged ({error}); export it again"


def _check_size(picture: PIL.Image.Image, name: str) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise ContentError(f"{name}: {_TOO_LARGE}: it has {picture.width} x {picture.height}")


def _rgb(picture: PIL.Image.Image, name: str) -> UInt8[np.ndarray, "H W 3"]:
    reason = undecodable_reason(picture, name)
    if reason:
        raise ContentError(f"{name}: {reason}")
    _check_size(picture, name)
    samples = sample_range(picture, name)
    key = transparent_value(picture)
    upright = PIL.ImageOps.exif_transpose(picture)
    if key is not None:
        upright.info["transparency"] = key
    if samples is not None:
        upright = to_eight_bits(upright, samples, name)
    if upright.mode in _PREMULTIPLIED:
        upright = upright.convert(_PREMULTIPLIED[upright.mode])
    if upright.has_transparency_data:
        rgba = upright.convert("RGBA")
        white = PIL.Image.new("RGBA", rgba.size, "white")
        upright = PIL.Image.alpha_composite(white, rgba)
    return np.asarray(upright.convert("RGB"))
