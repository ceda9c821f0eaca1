import math

import numpy as np
import pytest

from forethought.errors import ContractError, DataError
from forethought.index import Contract, Picture
from forethought.index.opening import Damaged
from forethought.index.store import Kept, open_store
from forethought.types import Hit, Think

CONTRACT = Contract("nano", "0123456789ab", 3, Think.NEVER, "")
VECTORS = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.8, 0], [0, 1, 0]], dtype=np.float32)


def _kept(*paths):
    return [Kept(Picture(path, 11 + n, 13 + n), f"{n:064x}") for n, path in enumerate(paths)]


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "it's #1, 100% über", CONTRACT)
    store.write(_kept("x.png", "o'y.png", "between.png", "a/y.png"), VECTORS)
    return store


def test_finds_the_nearest_by_cosine_and_breaks_ties_by_path(store):
    # To (3, 4, 0)/5: x is 3/5, both y are 4/5, and between is the same direction.
    hits = store.nearest(np.array([3, 4, 0], dtype=np.float32), 3)
    assert [hit.document for hit in hits] == ["between.png", "a/y.png", "o'y.png"]
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert [hit.score for hit in hits] == pytest.approx([1, 0.8, 0.8], abs=1e-6)


def test_gives_all_there_are_when_asked_for_more(store):
    hits = store.nearest(np.array([-1, 0, 0], dtype=np.float32), 10**12)
    assert len(hits) == 4
    assert isinstance(hits[3], Hit)
    assert hits[3].score == pytest.approx(-1)


def test_an_empty_store_has_no_hits(tmp_path):
    assert open_store(tmp_path, CONTRACT).nearest(np.ones(3, dtype=np.float32), 2) == []


def test_refuses_a_query_of_another_length(store):
    with pytest.raises(ContractError, match="got 2 dimensions"):
        store.nearest(np.array([1, 0], dtype=np.float32), 2)


def test_remembers_what_it_was_given_when_opened_again(store):
    again = open_store(store.home, CONTRACT)
    assert again.kept() == {
        item.picture.path: item for item in _kept("x.png", "o'y.png", "between.png", "a/y.png")
    }
    found = again.vectors_of([f"{2:064x}", f"{9:064x}"])
    assert found.keys() == {f"{2:064x}"}
    assert found[f"{2:064x}"] == pytest.approx([0.6, 0.8, 0])


def test_writing_a_path_again_replaces_it(store):
    store.write([Kept(Picture("x.png", 99, 98), "f" * 64)], VECTORS[1:2])
    assert len(store.kept()) == 4
    assert store.kept()["x.png"] == Kept(Picture("x.png", 99, 98), "f" * 64)


def test_forgets_dropped_paths_whatever_their_names(store):
    store.drop(["o'y.png", "a/y.png", "never there.png"])
    assert sorted(store.kept()) == ["between.png", "x.png"]


def test_remembers_damaged_files_until_told_otherwise(store):
    files = [Damaged(Picture(f"{name}.png", 5, 6), "torn") for name in ("a", "b'")]
    store.write_damaged(files)
    assert store.known_damaged() == {"a.png": files[0], "b'.png": files[1]}
    store.drop_damaged(["b'.png"])
    assert store.known_damaged() == {"a.png": files[0]}


def test_another_contract_has_its_own_table_and_leaves_this_one_alone(store):
    other = open_store(store.home, Contract("large", "ba9876543210", 3, Think.NEVER, ""))
    assert other.kept() == {}
    other.write(_kept("z.png"), VECTORS[:1])
    assert len(open_store(store.home, CONTRACT).kept()) == 4


def test_tidying_keeps_every_row_and_fewer_versions(store):
    for n in range(20):
        store.write([Kept(Picture(f"{n}.png", 1, 2), f"{100 + n:064x}")], VECTORS[:1])
    store.tidy(changed=True)
    assert len(store.kept()) == 24
    assert store.nearest(np.array([1, 0, 0], dtype=np.float32), 1)[0].score == pytest.approx(1)


def test_vectors_are_read_as_they_were_written(store):
    long = VECTORS[2] / math.sqrt(2)
    store.write([Kept(Picture("long.png", 1, 2), "e" * 64)], long[None])
    assert store.vectors_of(["e" * 64])["e" * 64].tolist() == long.tolist()


def test_a_damaged_index_says_that_it_can_be_deleted(store):
    for manifest in store.home.rglob("*.manifest"):
        manifest.write_bytes(b"overwritten")
    with pytest.raises(DataError, match=r"cannot be read .*; delete that folder and it is built"):
        open_store(store.home, CONTRACT).kept()
