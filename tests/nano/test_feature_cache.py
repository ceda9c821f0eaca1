import numpy as np
import pytest

from forethought.nano import feature_cache
from forethought.nano.feature_cache import cached_rows
from tests.fakes import RecordedProgress


class Lengths:
    """Computes a row of a content's length and first byte; records the requested indices."""

    def __init__(self, contents):
        self.contents = contents
        self.requested = []

    def __call__(self, indices):
        self.requested += list(indices)
        return np.array([[len(self.contents[i]), self.contents[i][0]] for i in indices], np.float32)


def rows_of(path, contents):
    lengths = Lengths(contents)
    return cached_rows(path, contents, width=2, compute=lengths), lengths.requested


def test_rows_come_in_the_order_of_the_contents(tmp_path):
    rows, _ = rows_of(tmp_path / "v.npz", [b"bbb", b"a", b"cc"])
    assert rows.tolist() == [[3, 98], [1, 97], [2, 99]]
    assert rows.dtype == np.float32


def test_equal_contents_are_computed_once(tmp_path):
    rows, requested = rows_of(tmp_path / "v.npz", [b"bbb", b"a", b"bbb"])
    assert rows.tolist() == [[3, 98], [1, 97], [3, 98]]
    assert requested == [0, 1]


def test_a_cached_row_is_not_computed_again(tmp_path):
    rows_of(tmp_path / "v.npz", [b"bbb", b"a"])
    rows, requested = rows_of(tmp_path / "v.npz", [b"dddd", b"a"])
    assert rows.tolist() == [[4, 100], [1, 97]]
    assert requested == [0]


def test_progress_names_the_file_and_what_is_cached(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "CHUNK", 2)
    path, recorded = tmp_path / "v.npz", RecordedProgress()
    for contents in ([b"a", b"bb"], [b"a", b"bb", b"ccc", b"dddd", b"eeeee"]):
        cached_rows(path, contents, width=2, compute=Lengths(contents), open_progress=recorded)
    assert recorded.parts == {
        f"{path}: 0 rows cached, 2 to compute": [(2, 2, "")],
        f"{path}: 2 rows cached, 3 to compute": [(2, 3, ""), (3, 3, "")],
    }


def test_a_killed_process_loses_at_most_a_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "CHUNK", 2)
    contents = [b"a", b"bb", b"ccc", b"dddd", b"eeeee"]

    class KilledError(Exception):
        pass

    def fails_in_the_second_chunk(indices):
        if 2 in indices:
            raise KilledError
        return Lengths(contents)(indices)

    with pytest.raises(KilledError):
        cached_rows(tmp_path / "v.npz", contents, width=2, compute=fails_in_the_second_chunk)
    rows, requested = rows_of(tmp_path / "v.npz", contents)
    assert requested == [2, 3, 4]
    assert rows[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_rows_of_another_width_are_replaced(tmp_path):
    rows_of(tmp_path / "v.npz", [b"bbb"])
    rows = cached_rows(
        tmp_path / "v.npz", [b"bbb"], width=3, compute=lambda indices: np.ones((len(indices), 3))
    )
    assert rows.tolist() == [[1, 1, 1]]


def test_no_contents_give_no_rows(tmp_path):
    assert rows_of(tmp_path / "v.npz", [])[0].shape == (0, 2)
