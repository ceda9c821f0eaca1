import pytest

from forethought.engines import DecodeOptions, EarlyExit


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budget": 0}, "budget must be at least 1, got 0"),
        ({"budget": 3, "repeats": -1}, "repeats must be at least 0, got -1"),
        ({"budget": 3, "speculative_tokens": -2}, "speculative_tokens must be at least 0, got -2"),
        (
            {"budget": 3, "speculative_tokens": 2, "early_exit": EarlyExit()},
            "exclude each other; set one of them",
        ),
    ],
)
def test_options_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        DecodeOptions(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"every": 0}, "every=0.: a whole number of tokens, 1 or more"),
        ({"within": 0.0}, r"within=0.0.: a cosine distance is in"),
        ({"within": 2.1}, r"within=2.1.: a cosine distance is in"),
    ],
)
def test_early_exits_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        EarlyExit(**settings)


def test_the_ends_of_the_ranges_are_accepted():
    assert EarlyExit(every=1, within=2.0).within == 2.0
    assert DecodeOptions(1, repeats=0).budget == 1


def test_the_lookahead_is_the_draft_tokens_or_the_probe():
    assert DecodeOptions(9).lookahead_tokens == 0
    assert DecodeOptions(9, speculative_tokens=3).lookahead_tokens == 3
    assert DecodeOptions(9, early_exit=EarlyExit(every=5)).lookahead_tokens == 1
