"""Grey of more than eight bits as eight bits, and transparent values of the same depth.

The range of samples is the one that the type or the file states, never a guess from the largest:
a dark picture stays dark. Samples whose type states no range are refused.
"""

from dataclasses import dataclass

import numpy as np
import PIL.Image
import PIL.ImageFile
from jaxtyping import Shaped, UInt8

from forethought.errors import ContentError

_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags of TIFF 6.0
_SIGNED = 2


@dataclass(frozen=True, slots=True)
class SampleRange:
    """The sample that is white, where black is 0; or the other way about."""

    white: float
    is_inverted: bool = False


def sample_range(picture: PIL.Image.Image, name: str) -> SampleRange | None:
    """The range of a picture as it was opened; None for one of eight bits.

    Floats are from 0 to 1. Whole numbers of a TIFF are from 0 to 2 ** bits - 1, of a PGM as Pillow
    scales them, to 65535.

    Raises:
        ContentError: if samples are signed, or whole numbers of 32 bits that no file states the
            range of.
    """
    if not (picture.mode in {"I", "F"} or picture.mode.startswith("I;16")):
        return None
    tags = getattr(picture, "tag_v2", {}) if picture.format == "TIFF" else {}
    is_inverted = tags.get(_PHOTOMETRIC) == 0
    if picture.mode == "F":
        return SampleRange(1.0, is_inverted)
    bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
    has_range = picture.mode != "I" or picture.format == "PPM" or bool(tags)
    if not has_range or _SIGNED in tags.get(_SAMPLE_FORMAT, ()):
        raise ContentError(
            f"{name}: samples are signed whole numbers of {bits if tags else 32} bits, and nothing "
            "says which of them is white; scale it to 8 bits, or to 16 without sign"
        )
    return SampleRange(float(2**bits - 1), is_inverted)


def to_eight_bits(picture: PIL.Image.Image, samples: SampleRange, name: str) -> PIL.Image.Image:
    """Grey of eight bits, with an alpha channel if one value is transparent.

    Raises:
        ContentError: if a float is outside 0..1.
    """
    values = np.asarray(picture)
    if picture.mode == "F":
        grey = _from_floats(values, name)
    else:
        # Pillow keeps 32 bits without sign in the same 32 bits with sign.
        whole = values.view(np.uint32) if values.dtype == np.int32 else values
        dtype = np.dtype(np.float32 if samples.white <= 65535 else np.float64)
        share = np.divide(whole, samples.white, dtype=dtype, casting="unsafe")
        grey = (share * 255).clip(0, 255).astype(np.uint8)
    if samples.is_inverted:
        grey = 255 - grey
    key = picture.info.get("transparency")
    if not isinstance(key, int):
        return PIL.Image.fromarray(grey)
    alpha = np.where(values == key, 0, 255).astype(np.uint8)
    return PIL.Image.merge("LA", (PIL.Image.fromarray(grey), PIL.Image.fromarray(alpha)))


def transparent_value(picture: PIL.Image.Image) -> int | tuple[int, ...] | None:
    """The transparent value of a PNG in eight bits, where Pillow leaves it in the file's depth.

    None if there is nothing to change. `picture` is one that is opened and not yet loaded.
    """
    key = picture.info.get("transparency")
    if picture.format != "PNG" or key is None:
        return None
    tiles = picture.tile if isinstance(picture, PIL.ImageFile.ImageFile) else []
    depth = str(tiles[0].args) if tiles else ""
    if isinstance(key, int) and depth in {"L;2", "L;4"}:
        return key * (85 if depth == "L;2" else 17)
    if isinstance(key, tuple) and (depth == "RGB;16B" or max(key) > 255):
        return tuple(part >> 8 for part in key)  # Pillow has dropped the low bytes of the pixels
    return None


def _from_floats(values: Shaped[np.ndarray, "H W"], name: str) -> UInt8[np.ndarray, "H W"]:
    outside = values[~((values >= 0) & (values <= 1))]
    if outside.size:
        raise ContentError(
            f"{name}: float samples are from 0 to 1, and {outside.size} of {values.size} are not, "
            f"such as {outside[0]:g}; divide by the value that is white, or save it as 8 bits"
        )
    grey: UInt8[np.ndarray, "H W"] = (values * 255).round().astype(np.uint8)
    return grey
