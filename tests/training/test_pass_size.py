import pytest

from forethought.training.pass_size import MemorySettings, split_passes


def test_a_pass_on_a_cpu_ends_at_a_row_that_is_much_longer_or_when_it_is_full():
    # Eight rows of any length go together; behind them none over 1.1 times as long as the first.
    lengths = [8, 9, 9, 10, 30, 30, 30, 30, 30, 32, 33]
    assert split_passes(lengths, MemorySettings(rows=9), on_cpu=True) == [8, 3]
    # 40 * 1.1 = 44.
    assert split_passes([40] * 8 + [44, 45], MemorySettings(rows=16), on_cpu=True) == [9, 1]
    assert split_passes([30] * 7, MemorySettings(rows=3), on_cpu=True) == [3, 3, 1]


def test_a_pass_on_a_gpu_ends_where_padding_would_exceed_its_tokens():
    # 3 * 20 = 60 fit, 4 * 25 = 100 do not; a row that is longer than all goes alone.
    lengths = [10, 20, 20, 25, 25, 90]
    assert split_passes(lengths, MemorySettings(tokens=60), on_cpu=False) == [3, 2, 1]


def test_a_pass_on_a_cpu_has_at_most_its_tokens_as_well():
    # 2 * 25 = 50 fit, 3 * 26 = 78 do not, though they are alike and fewer than its rows.
    lengths = [25, 25, 26, 26, 26, 90]
    assert split_passes(lengths, MemorySettings(rows=4, tokens=60), on_cpu=True) == [2, 2, 1, 1]


def test_no_rows_take_no_pass():
    assert split_passes([], MemorySettings(), on_cpu=True) == []


def test_settings_below_one_are_refused():
    with pytest.raises(ValueError, match="rows and tokens must be 1 or more, got 3 and 0"):
        MemorySettings(rows=3, tokens=0)
