"""The passes of a step: which sequences run together, and how large each pass is."""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST, GROWTH = 8, 1.1
"""On a CPU, which computes padding as it computes tokens, a pass of `LEAST` sequences or more takes
none that is over `GROWTH` times as long as its first."""


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """What a step may take of memory.

    A pass takes sequences that have at most `tokens` tokens together, padding included; a longer
    sequence is a pass of its own. On a CPU it takes at most `rows` of them besides; on a GPU not, as
    a small model's passes take as long as their kernels take to launch, however many tokens they
    have. With `grad_cache` the activations of one pass alone are
    in memory: each pass runs once for its states and once more, with gradient, when the gradients
    of the states are known (GradCache: Gao et al. 2021, arXiv 2101.06983, section 3), so that
    memory does not grow with the batch. With `gradient_checkpointing` the activations of one
    layer alone are.

    Raises:
        ValueError: if a number is less than 1.
    """

    rows: int = 64
    tokens: int = 1 << 14
    grad_cache: bool = False
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        if self.rows < 1 or self.tokens < 1:
            raise ValueError(
                f"rows and tokens must be 1 or more, got {self.rows} and {self.tokens}"
            )


@dataclass(frozen=True, slots=True)
class PassSize:
    """One forward pass: `rows` sequences, padded to `length` tokens.

    `scored` of its tokens are targets of next-token loss; `patches` are those of its pictures.
    """

    rows: int
    length: int
    scored: int = 0
    patches: int = 0


def split_passes(lengths: Sequence[int], memory: MemorySettings, *, on_cpu: bool) -> list[int]:
    """How many sequences each pass takes, of sequences sorted by their `lengths`."""
    counts: list[int] = []
    first = 0
    for at, length in enumerate(lengths):
        count = at - first
        fits = (count + 1) * length <= memory.tokens
        if on_cpu:
            is_alike = length <= GROWTH * lengths[first]
            fits = fits and count < memory.rows and (is_alike or count < LEAST)
        if counts and fits:
            counts[-1] += 1
        else:
            counts.append(1)
            first = at
    return counts
