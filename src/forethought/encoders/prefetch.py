"""Prepare the next batch in a thread while the GPU runs the current one."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def prefetch(
    tasks: Iterable[Callable[[], Result]], *, overlap: bool
) -> Generator[Result, None, None]:
    """Yield each task's result in order; with `overlap` a thread runs one task ahead.

    Two results are in memory at a time then. A task's error is raised in its turn.
    """
    if not overlap:
        yield from (task() for task in tasks)
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch") as pool:
        current = None
        for task in tasks:
            following = pool.submit(task)
            if current:
                yield current.result()
            current = following
        if current:
            yield current.result()
