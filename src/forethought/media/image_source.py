"""What a picture may be given as; anything else is refused with the way to a picture."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import PIL.Image
from jaxtyping import UInt8

from forethought.errors import ContentError

if TYPE_CHECKING:
    ImageSource = (
        str | Path | bytes | bytearray | memoryview | PIL.Image.Image | UInt8[np.ndarray, "_ _ 3"]
    )
else:
    # `check_source` refuses anything else by name; run-time type checks would come before it.
    ImageSource = object

_USE = "pass a path, the bytes of a file, a Pillow picture or a uint8 array, height x width x 3"
_CHANNELS = {1, 3, 4}


def check_source(source: object, name: str) -> "str | Path | bytes | PIL.Image.Image | np.ndarray":
    """The same source, or refuse its type; the bytes of a buffer or an open binary file.

    Raises:
        ContentError: if it is of another type, or an array that is not uint8, height x width x 3.
    """
    if isinstance(source, np.ndarray):
        return _check_array(source, name)
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | Path | bytes | PIL.Image.Image):
        return source
    if isinstance(source, os.PathLike):
        return Path(cast("os.PathLike[str]", source))
    if hasattr(source, "shape") and hasattr(source, "dtype"):
        raise ContentError(f"{name}: {_tensor(source)}")
    raise ContentError(f"{name}: a {type(source).__name__} is no picture; {_USE}")


def _tensor(source: object) -> str:
    shape = tuple(int(size) for size in cast("np.ndarray", source).shape)
    kind = f"{type(source).__module__.partition('.')[0]}.{type(source).__name__}"
    order = "tensor.permute(1, 2, 0).numpy()" if _is_channels_first(shape) else "tensor.numpy()"
    return (
        f"a tensor ({kind} of {cast('np.ndarray', source).dtype}, {shape}): pass {order} as uint8, "
        "height x width x 3, with values from 0 to 255"
    )


def _is_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether a shape is channels x height x width, as PyTorch has it."""
    return len(shape) == 3 and shape[0] in _CHANNELS and shape[2] not in _CHANNELS


def _check_array(pixels: np.ndarray, name: str) -> UInt8[np.ndarray, "H W 3"]:
    if pixels.dtype == np.uint8 and pixels.shape[2:] == (3,) and pixels.size:
        return pixels
    raise ContentError(
        f"{name}: an array must be uint8, height x width x 3, and not empty, got {pixels.dtype} "
        f"{pixels.shape}; {_array_remedy(pixels)}"
    )


def _array_remedy(pixels: np.ndarray) -> str:
    remedies = (
        (_is_channels_first(pixels.shape), "put channels last: array.transpose(1, 2, 0)"),
        (pixels.dtype.kind == "f", "scale floats of 0..1: (255 * array).round().astype('uint8')"),
        (pixels.dtype == np.uint16, "scale 16 bits to 8: (array // 257).astype('uint8')"),
        (pixels.dtype != np.uint8, "scale it to 0-255, and convert it: array.astype('uint8')"),
        (pixels.ndim == 2, "repeat grey three times: numpy.stack([array] * 3, axis=-1)"),
        (pixels.shape[2:] == (4,), "pass PIL.Image.fromarray(array): transparent parts go white"),
    )
    return next((remedy for is_it, remedy in remedies if is_it), "pass one RGB picture")
