import threading
from functools import partial

import pytest

from forethought.encoders.prefetch import prefetch

HERE = threading.current_thread


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_all_are_given_in_order(count, overlap):
    made = prefetch((partial(pow, number, 2) for number in range(count)), overlap=overlap)
    assert list(made) == [number**2 for number in range(count)]


def test_without_overlap_each_is_made_when_it_is_asked_for_and_here():
    told: list[tuple[int, threading.Thread]] = []
    makes = [partial(lambda n: told.append((n, HERE())), number) for number in range(3)]
    for number, _ in enumerate(prefetch(makes, overlap=False)):
        assert told == [(before, HERE()) for before in range(number + 1)]


def test_with_overlap_the_next_and_no_other_is_made_meanwhile_by_a_thread():
    told: list[int] = []
    made = [threading.Event() for _ in range(4)]

    def make(number: int) -> threading.Thread:
        told.append(number)
        made[number].set()
        return HERE()

    makes = [partial(make, number) for number in range(4)]
    for number, thread in enumerate(prefetch(makes, overlap=True)):
        assert thread is not HERE()
        following = min(number + 1, 3)
        # It is made though nobody has asked for it yet.
        assert made[following].wait(timeout=60)
        assert told == list(range(following + 1))


@pytest.mark.parametrize("overlap", [False, True])
def test_what_goes_wrong_is_raised_in_its_turn(overlap):
    found = prefetch([partial(int, "1"), partial(int, "two"), partial(int, "3")], overlap=overlap)
    assert next(found) == 1
    with pytest.raises(ValueError, match="two"):
        next(found)


def test_nobody_waits_for_a_thread_of_one_who_stopped_listening():
    before = threading.active_count()
    found = prefetch([partial(int, "1"), partial(int, "2"), partial(int, "3")], overlap=True)
    assert next(found) == 1
    found.close()
    assert threading.active_count() == before
