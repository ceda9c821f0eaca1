import itertools

import pytest

from forethought.doctor import Times, interleave
from forethought.errors import ConfigError


def test_functions_warm_up_and_run_in_turn_and_every_second_round_in_reverse():
    ran = []
    functions = {name: (lambda name=name: ran.append(name)) for name in "abc"}
    interleave(functions, repeats=3)
    assert "".join(ran) == "abc" + "abc" + "cba" + "abc"


def test_a_separate_warm_up_replaces_the_function():
    ran = []
    warm_up = {"a": lambda: ran.append("warm")}
    interleave({"a": lambda: ran.append("a")}, repeats=2, warm_up=warm_up)
    assert ran == ["warm", "a", "a"]


def test_each_round_takes_the_time_between_two_waits():
    timer = itertools.count(0.0, 2.5)
    waits = []
    times = interleave(
        {"a": lambda: None, "b": lambda: None},
        repeats=2,
        wait=lambda: waits.append(0),
        timer=lambda: next(timer),
    )
    assert times == {"a": Times((2.5, 2.5)), "b": Times((2.5, 2.5))}
    # Before the start and before the end of two rounds of two functions.
    assert len(waits) == 8


def test_the_median_is_the_middle_round_and_the_spread_its_ends():
    times = Times((4.0, 1.0, 9.0))
    assert (times.median, times.low, times.high) == (4.0, 1.0, 9.0)


def test_no_round_is_refused():
    with pytest.raises(ConfigError, match="repeats is 0; time at least 1 round"):
        interleave({}, repeats=0)
    with pytest.raises(ConfigError, match="no round was timed; set repeats to at least 1"):
        Times(())
