"""What is worked on next is made while a GPU works on what is there."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def prefetch(makes: Iterable[Callable[[], Made]], *, overlap: bool) -> Generator[Made, None, None]:
    """Give what each makes, in order, and with `overlap` let a thread make the next meanwhile.

    Two are there at a time then. What goes wrong is raised where its result would be given.
    """
    if not overlap:
        yield from (make() for make in makes)
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as pool:
        made = None
        for make in makes:
            following = pool.submit(make)
            if made:
                yield made.result()
            made = following
        if made:
            yield made.result()
