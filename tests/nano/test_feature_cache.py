import numpy as np
import pytest

from forethought.nano import feature_cache as vectors
from forethought.nano.feature_cache import remembered


class Lengths:
    """Describes a content by its length and its first byte; keeps what it was asked."""

    def __init__(self, contents):
        self.contents = contents
        self.asked = []

    def __call__(self, places):
        self.asked += list(places)
        return np.array([[len(self.contents[p]), self.contents[p][0]] for p in places], np.float32)


def ask(path, contents, **options):
    describe = Lengths(contents)
    return remembered(path, contents, width=2, describe=describe, **options), describe.asked


def test_rows_come_in_the_order_of_the_contents(tmp_path):
    rows, _ = ask(tmp_path / "v.npz", [b"bbb", b"a", b"cc"])
    assert rows.tolist() == [[3, 98], [1, 97], [2, 99]]
    assert rows.dtype == np.float32


def test_a_content_that_occurs_twice_is_described_once(tmp_path):
    rows, asked = ask(tmp_path / "v.npz", [b"bbb", b"a", b"bbb"])
    assert rows.tolist() == [[3, 98], [1, 97], [3, 98]]
    assert asked == [0, 1]


def test_what_is_known_is_not_described_again(tmp_path):
    ask(tmp_path / "v.npz", [b"bbb", b"a"])
    rows, asked = ask(tmp_path / "v.npz", [b"dddd", b"a"])
    assert rows.tolist() == [[4, 100], [1, 97]]
    assert asked == [0]


def test_a_kill_loses_no_more_than_a_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "CHUNK", 2)
    contents = [b"a", b"bb", b"ccc", b"dddd", b"eeeee"]

    class KilledError(Exception):
        pass

    def dies_in_the_second_chunk(places):
        if 2 in places:
            raise KilledError
        return Lengths(contents)(places)

    with pytest.raises(KilledError):
        remembered(tmp_path / "v.npz", contents, width=2, describe=dies_in_the_second_chunk)
    done: list[int] = []
    rows, asked = ask(tmp_path / "v.npz", contents, progress=done.append)
    assert asked == [2, 3, 4]
    assert done == [2, 1]
    assert rows[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_rows_of_another_width_are_not_taken_for_ours(tmp_path):
    ask(tmp_path / "v.npz", [b"bbb"])
    rows = remembered(
        tmp_path / "v.npz", [b"bbb"], width=3, describe=lambda places: np.ones((len(places), 3))
    )
    assert rows.tolist() == [[1, 1, 1]]


def test_no_content_gives_no_row(tmp_path):
    assert ask(tmp_path / "v.npz", [])[0].shape == (0, 2)
