"""Examples that are too long for a run: refused or left out whole, never truncated.

The embed token is the last of a row: a truncated row would be read at another token in silence.
"""

from collections.abc import Iterable
from typing import NoReturn

from forethought.data import ExampleSource, RowSource
from forethought.errors import DataError
from forethought.training.reader import TrainRow


def check_length(source: ExampleSource, index: int, rows: Iterable[TrainRow], *, most: int) -> None:
    """Check that each row of an example has at most `most` tokens, prompt and completion together.

    Raises:
        SkippedRowError, DataError: as `leave_out`.
    """
    longest = max(map(_length, rows))
    if longest > most:
        leave_out(
            source,
            index,
            f"a side has {longest} tokens, with its true rationale, and this run takes at most "
            f"{most}: shorten it, or raise max_tokens or lower max_pixels in the recipe",
        )


def leave_out(source: ExampleSource, index: int, fault: str) -> NoReturn:
    """Refuse an example, or leave it out as its source leaves out rows of its own.

    Raises:
        SkippedRowError: if the source skips such rows; it counts and names them.
        DataError: otherwise, with the place of the row.
    """
    if isinstance(source, RowSource):
        source.reject(index, fault)
    raise DataError(f"example {index} of the data: {fault}")


def _length(row: TrainRow) -> int:
    prompt = row.prompt
    behind = len(prompt.prefix_ids) + len(row.completion) if row.completion else 0
    return max(behind, len(prompt.token_ids))
