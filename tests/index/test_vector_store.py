import math

import numpy as np
import pytest

from forethought.errors import DataError
from forethought.index import PictureFile
from forethought.index.read_picture import DamagedPicture
from forethought.index.vector_store import StoredPicture, open_store
from forethought.types import Hit
from tests.index.contracts import contract

CONTRACT = contract()
VECTORS = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.8, 0], [0, 1, 0]], dtype=np.float32)


def _stored(*paths):
    return [
        StoredPicture(PictureFile(path, 11 + n, 13 + n), f"{n:064x}")
        for n, path in enumerate(paths)
    ]


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "it's #1, 100% über", CONTRACT)
    store.write(_stored("x.png", "o'y.png", "between.png", "a/y.png"), VECTORS)
    return store


def test_finds_the_nearest_by_cosine_and_breaks_ties_by_path(store):
    # Cosines to (3, 4, 0)/5: x is 3/5, both y are 4/5, between is parallel.
    hits = store.nearest(np.array([3, 4, 0], dtype=np.float32), 3)
    assert [hit.document for hit in hits] == ["between.png", "a/y.png", "o'y.png"]
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert [hit.score for hit in hits] == pytest.approx([1, 0.8, 0.8], abs=1e-6)


def test_k_over_the_number_of_pictures_returns_all(store):
    hits = store.nearest(np.array([-1, 0, 0], dtype=np.float32), 10**12)
    assert len(hits) == 4
    assert isinstance(hits[3], Hit)
    assert hits[3].score == pytest.approx(-1)


def test_an_empty_store_has_no_hits(tmp_path):
    assert open_store(tmp_path, CONTRACT).nearest(np.ones(3, dtype=np.float32), 2) == []


def test_a_reopened_store_has_the_same_contents(store):
    again = open_store(store.directory, CONTRACT)
    assert again.stored_pictures() == {
        stored.file.path: stored for stored in _stored("x.png", "o'y.png", "between.png", "a/y.png")
    }
    found = again.vectors_of([f"{2:064x}", f"{9:064x}"])
    assert found.keys() == {f"{2:064x}"}
    assert found[f"{2:064x}"] == pytest.approx([0.6, 0.8, 0])


def test_writing_a_path_again_replaces_its_vector(store):
    store.write([StoredPicture(PictureFile("x.png", 99, 98), "f" * 64)], VECTORS[1:2])
    assert len(store.stored_pictures()) == 4
    assert store.stored_pictures()["x.png"] == StoredPicture(PictureFile("x.png", 99, 98), "f" * 64)


def test_drop_deletes_paths_with_quotes_and_ignores_unknown_ones(store):
    store.drop(["o'y.png", "a/y.png", "never there.png"])
    assert sorted(store.stored_pictures()) == ["between.png", "x.png"]


def test_damaged_files_are_recorded_until_dropped(store):
    files = [DamagedPicture(PictureFile(f"{name}.png", 5, 6), "torn") for name in ("a", "b'")]
    store.write_damaged(files)
    assert store.damaged_pictures() == {"a.png": files[0], "b'.png": files[1]}
    store.drop_damaged(["b'.png"])
    assert store.damaged_pictures() == {"a.png": files[0]}


def test_every_contract_has_a_separate_table(store):
    other = open_store(store.directory, contract(encoder="large"))
    assert other.stored_pictures() == {}
    other.write(_stored("z.png"), VECTORS[:1])
    assert len(open_store(store.directory, CONTRACT).stored_pictures()) == 4


def test_compacting_preserves_every_row(store):
    for n in range(20):
        store.write([StoredPicture(PictureFile(f"{n}.png", 1, 2), f"{100 + n:064x}")], VECTORS[:1])
    store.compact(changed=True)
    assert len(store.stored_pictures()) == 24
    assert store.nearest(np.array([1, 0, 0], dtype=np.float32), 1)[0].score == pytest.approx(1)


def test_vectors_are_read_back_unchanged(store):
    long = VECTORS[2] / math.sqrt(2)
    store.write([StoredPicture(PictureFile("long.png", 1, 2), "e" * 64)], long[None])
    assert store.vectors_of(["e" * 64])["e" * 64].tolist() == long.tolist()


def test_the_error_of_a_damaged_index_names_the_directory_to_delete(store):
    for manifest in store.directory.rglob("*.manifest"):
        manifest.write_bytes(b"overwritten")
    with pytest.raises(
        DataError, match=r"cannot be read because .*; delete that directory to build it"
    ):
        open_store(store.directory, CONTRACT).stored_pictures()


def test_damage_that_shows_at_reading_names_the_directory_to_delete(store):
    for data in store.directory.rglob("data/*.lance"):
        data.write_bytes(b"overwritten")
    again = open_store(store.directory, CONTRACT)
    with pytest.raises(DataError, match=r"cannot be read because .*; delete that directory to"):
        again.stored_pictures()
    with pytest.raises(DataError, match=r"cannot be read because .*; delete that directory to"):
        again.nearest(VECTORS[0], 2)
