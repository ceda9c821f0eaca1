"""Progress as a caller gives it: a function, True for a bar, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from forethought.types import Progress, ignore_progress


@contextmanager
def reporting(
    progress: Progress | bool | None,  # noqa: FBT001 - as a caller of `encode` gives it
) -> Iterator[Progress]:
    """The function to report to; True shows a bar on the standard error stream."""
    if callable(progress):
        yield progress
    elif progress:
        with _bar() as report:
            yield report
    else:
        yield ignore_progress


@contextmanager
def _bar() -> Iterator[Progress]:
    from tqdm.auto import tqdm  # noqa: PLC0415 - only where a bar is asked for

    with tqdm(unit="input") as bar:

        def report(done: int, total: int, label: str = "", /) -> None:
            bar.total = total
            if label:
                bar.set_description(label, refresh=False)
            bar.update(done - bar.n)

        yield report
