import pytest

from forethought.engines import DecodeOptions, EarlyExit


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"budget": 0}, "budget must be at least 1, got 0"),
        ({"budget": 3, "repeats": -1}, "repeats must be at least 0, got -1"),
        ({"budget": 3, "speculative_tokens": -2}, "guesses must be at least 0, got -2"),
        (
            {"budget": 3, "speculative_tokens": 2, "early_exit": EarlyExit()},
            "exclude each other; ask for one of them",
        ),
    ],
)
def test_a_manner_that_cannot_be_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        DecodeOptions(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"every": 0}, "every=0.: look every token or more rarely"),
        ({"within": 0.0}, r"within=0.0.: a cosine distance lies in"),
        ({"within": 2.1}, r"within=2.1.: a cosine distance lies in"),
    ],
)
def test_looks_that_cannot_be_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        EarlyExit(**settings)


def test_the_widest_settings_are_borne():
    assert EarlyExit(every=1, within=2.0).within == 2.0
    assert DecodeOptions(1, repeats=0).budget == 1


def test_a_pass_reads_ahead_what_is_guessed_or_the_token_of_a_look():
    assert DecodeOptions(9).lookahead == 0
    assert DecodeOptions(9, speculative_tokens=3).lookahead == 3
    assert DecodeOptions(9, early_exit=EarlyExit(every=5)).lookahead == 1
