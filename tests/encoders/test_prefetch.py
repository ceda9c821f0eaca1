import threading
from functools import partial

import pytest

from forethought.encoders.prefetch import prefetch

current = threading.current_thread


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_results_come_in_order(count, overlap):
    found = prefetch((partial(pow, number, 2) for number in range(count)), overlap=overlap)
    assert list(found) == [number**2 for number in range(count)]


def test_without_overlap_each_task_runs_when_its_result_is_needed_in_this_thread():
    ran: list[tuple[int, threading.Thread]] = []
    tasks = [partial(lambda n: ran.append((n, current())), number) for number in range(3)]
    for number, _ in enumerate(prefetch(tasks, overlap=False)):
        assert ran == [(before, current()) for before in range(number + 1)]


def test_with_overlap_a_thread_runs_exactly_one_task_ahead():
    ran: list[int] = []
    done = [threading.Event() for _ in range(4)]

    def task(number: int) -> threading.Thread:
        ran.append(number)
        done[number].set()
        return current()

    tasks = [partial(task, number) for number in range(4)]
    for number, thread in enumerate(prefetch(tasks, overlap=True)):
        assert thread is not current()
        following = min(number + 1, 3)
        # It runs before its result is requested.
        assert done[following].wait(timeout=60)
        assert ran == list(range(following + 1))


@pytest.mark.parametrize("overlap", [False, True])
def test_an_error_is_raised_in_its_turn(overlap):
    found = prefetch([partial(int, "1"), partial(int, "two"), partial(int, "3")], overlap=overlap)
    assert next(found) == 1
    with pytest.raises(ValueError, match="two"):
        next(found)


def test_closing_ends_the_thread():
    before = threading.active_count()
    found = prefetch([partial(int, "1"), partial(int, "2"), partial(int, "3")], overlap=True)
    assert next(found) == 1
    found.close()
    assert threading.active_count() == before
