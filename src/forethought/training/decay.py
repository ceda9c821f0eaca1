"""The curves on which a learning rate falls."""

import math
from enum import StrEnum


class Decay(StrEnum):
    """A curve from 1 to 0, on which a learning rate falls over a cooldown."""

    LINEAR = "linear"
    COSINE = "cosine"
    """Half a period of a cosine (SGDR: Loshchilov and Hutter, arXiv 1608.03983, equation 5)."""

    def at(self, left: float) -> float:
        """The height where a share `left` of the cooldown, from 1 to 0, is still to come."""
        return left if self is Decay.LINEAR else (1 - math.cos(math.pi * left)) / 2
