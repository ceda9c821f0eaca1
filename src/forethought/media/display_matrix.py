"""The orientation of a video: turned by quarters, mirrored, or both, as its display matrix says."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways to lay a picture on its grid; first it is transposed, then flipped."""

    is_transposed: bool = False
    flips_columns: bool = False
    flips_rows: bool = False

    def apply(self, pixels: UInt8[np.ndarray, "_ _ 3"]) -> UInt8[np.ndarray, "_ _ 3"]:
        """The picture upright."""
        upright = pixels.transpose(1, 0, 2) if self.is_transposed else pixels
        upright = upright[:, ::-1] if self.flips_columns else upright
        upright = upright[::-1] if self.flips_rows else upright
        return np.ascontiguousarray(upright)


def nearest_orientation(matrix: UInt8[np.ndarray, " 36"]) -> Orientation:
    """The nearest of the eight to a display matrix: nine int32, a b u c d v x y w.

    It moves a point (x, y) of the picture to (ax + cy, bx + dy); the rest shifts and projects.
    Writers round: an entry that ought to be 0 may be 1 / 65536.
    """
    a, b, _, c, d, *_ = (int(entry) for entry in matrix.view("=i4"))
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(is_transposed=True, flips_columns=c < 0, flips_rows=b < 0)
    return Orientation(flips_columns=a < 0, flips_rows=d < 0)
