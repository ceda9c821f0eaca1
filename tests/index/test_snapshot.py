import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from forethought.index import FolderIndex, Listing, PictureFile, has_snapshot, index_dir
from forethought.index.read_picture import DamagedPicture
from forethought.index.snapshot import read_snapshot, write_snapshot
from forethought.index.vector_store import StoredPicture, open_store
from tests.fakes import ColourEncoder
from tests.index.contracts import contract

ROOT = Path(__file__).parents[2]
CONTRACT = contract(dimension=7)
# A line feed, and a name whose place among the others depends on the order of code points.
ODD_PATHS = ["line\nfeed.png", "\uffee.png", "\U0001f600.png"]
DAMAGED = (DamagedPicture(PictureFile("torn.png", 5, -6), 'it is "torn"\n'),)


@pytest.fixture
def store(tmp_path):
    """300 random rows that are not of unit length, each path twice with the same vector."""
    store = open_store(tmp_path / "index", CONTRACT)
    paths = [f"{n:03}.png" for n in range(150)]
    paths[:3] = ODD_PATHS
    vectors = np.random.default_rng(5).standard_normal((150, 7), dtype=np.float32)
    stored = [
        StoredPicture(PictureFile(f"{folder}/{path}", 11 + n, 13 - n), f"{n:064x}")
        for folder in "ba"
        for n, path in enumerate(paths)
    ]
    store.write(stored, np.concatenate([vectors, vectors]))
    store.write_damaged(DAMAGED)
    return store


@pytest.fixture
def written(store):
    """The store, and the path of its snapshot."""
    write_snapshot(store.directory, CONTRACT, store.snapshot())
    (path,) = store.directory.glob("*.snapshot.npy")
    return store, path


def read(store):
    return read_snapshot(store.directory, CONTRACT)


def test_hits_are_those_of_the_store_with_ties_by_path(written):
    store, _ = written
    snapshot = read(store)
    for query in np.random.default_rng(6).standard_normal((20, 7), dtype=np.float32):
        expected = store.nearest(query, 9)
        hits = snapshot.nearest(query, 9)
        assert [(hit.document, hit.rank) for hit in hits] == [
            (hit.document, hit.rank) for hit in expected
        ]
        assert [hit.score for hit in hits] == pytest.approx(
            [hit.score for hit in expected], abs=1e-6
        )
        assert (hits[0].score, hits[0].document[0]) == (hits[1].score, "a")


def test_more_hits_than_pictures_are_all_of_them(written):
    assert len(read(written[0]).nearest(np.ones(7, dtype=np.float32), 10**12)) == 300


def test_rows_are_read_back_unchanged(written):
    store, _ = written
    snapshot, rows = read(store), store.snapshot()
    assert snapshot.paths == rows.paths == sorted(store.stored_pictures())
    assert snapshot.damaged == DAMAGED
    for column in ("sizes", "mtimes_ns", "vectors"):
        assert np.array_equal(getattr(snapshot, column), getattr(rows, column))
    assert isinstance(snapshot.vectors, np.memmap)
    assert snapshot.vectors.flags.aligned


def test_an_index_of_damaged_pictures_alone_is_read_back(tmp_path):
    store = open_store(tmp_path, CONTRACT)
    store.write_damaged(DAMAGED)
    write_snapshot(tmp_path, CONTRACT, store.snapshot())
    assert read(store).is_current(Listing((DAMAGED[0].file,), ()))
    assert read(store).nearest(np.ones(7, dtype=np.float32), 3) == []


def listing_of(store):
    files = [picture.file for picture in store.stored_pictures().values()]
    files += [each.file for each in DAMAGED]
    return sorted(files, key=lambda file: file.path)


def test_a_listing_with_the_same_files_is_current(written):
    store, _ = written
    assert read(store).is_current(Listing(tuple(listing_of(store)), ()))


@pytest.mark.parametrize("position", [0, 150, 300], ids=["first", "middle", "damaged"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda file: [], id="deleted"),
        pytest.param(lambda file: [file, replace(file, path=f"{file.path}.png")], id="added"),
        pytest.param(lambda file: [replace(file, size=file.size + 1)], id="size"),
        pytest.param(lambda file: [replace(file, mtime_ns=file.mtime_ns + 1)], id="mtime"),
        pytest.param(lambda file: [replace(file, path=f"{file.path}.png")], id="renamed"),
    ],
)
def test_a_listing_with_a_change_is_not_current(written, position, change):
    store, _ = written
    files = listing_of(store)
    files[position : position + 1] = change(files[position])
    assert not read(store).is_current(Listing(tuple(files), ()))


def test_a_snapshot_is_ignored_once_a_table_has_changed(written):
    store, _ = written
    write_snapshot(store.directory, CONTRACT, store.snapshot())
    store.drop(["a/007.png"])
    assert read(store) is None
    write_snapshot(store.directory, CONTRACT, store.snapshot())
    assert len(read(store).paths) == 299
    store.drop_damaged(["torn.png"])
    assert read(store) is None


def test_rows_read_before_a_commit_are_never_used_after_it(store):
    snapshot = store.snapshot()
    store.drop(["a/007.png"])
    write_snapshot(store.directory, CONTRACT, snapshot)
    assert read(store) is None


def test_the_snapshot_of_another_contract_is_not_used(written):
    store, path = written
    other = contract(dimension=7, revision="ba9876543210")
    open_store(store.directory, other)
    assert read_snapshot(store.directory, other) is None
    shutil.copy(path, store.directory / f"{other.table_name}.snapshot.npy")
    assert read_snapshot(store.directory, other) is None
    assert read(store) is not None


@pytest.mark.parametrize("part", [0, 0.01, 0.5, 0.9, 0.999])
def test_a_truncated_snapshot_is_ignored(written, part):
    store, path = written
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    assert read(store) is None


@pytest.mark.parametrize("garbage", [b"words", b"\x93NUMPY\x01\x00\x06\x00{'a': ", b"\0" * 9000])
def test_garbage_in_place_of_a_snapshot_is_ignored(written, garbage):
    store, path = written
    path.write_bytes(garbage)
    assert read(store) is None


def test_a_missing_snapshot_or_index_is_none(store, tmp_path):
    assert read(store) is None
    assert read_snapshot(tmp_path / "no index", CONTRACT) is None


def test_a_snapshot_that_cannot_be_written_is_left_out(store, tmp_path):
    write_snapshot(tmp_path / "no folder", CONTRACT, store.snapshot())
    assert not (tmp_path / "no folder").exists()


@pytest.fixture
def index(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("red", "lime", "blue"):
        PIL.Image.new("RGB", (6, 4), name).save(folder / f"{name}.png")
    (folder / "empty.png").touch()
    index = FolderIndex(folder, index_dir(folder), ColourEncoder())
    index.refresh()
    return index


def search(index):
    query = index.encoder.encode(["red"], think="never")
    return [hit.document for hit in index.search(query, k=9)]


def test_a_refresh_writes_a_snapshot_and_the_next_gives_the_same_result(index):
    assert has_snapshot(index.index_dir)
    first = index.refresh()
    for path in index.index_dir.glob("*.snapshot.npy"):
        path.unlink()
    assert not has_snapshot(index.index_dir)
    # Without a snapshot by LanceDB, and with the one that this writes.
    assert index.refresh() == first
    assert has_snapshot(index.index_dir)
    assert index.refresh() == first
    assert [file.path for file in first.skipped] == ["empty.png"]


@pytest.mark.parametrize("content", [None, b"garbage"])
def test_search_needs_no_snapshot(index, content):
    expected = search(index)
    assert expected[0] == "red.png"
    for path in index.index_dir.glob("*.snapshot.npy"):
        path.write_bytes(content) if content else path.unlink()
    assert search(index) == expected


def test_a_change_by_another_process_is_found(index):
    (index.folder / "red.png").unlink()
    FolderIndex(index.folder, index.index_dir, ColourEncoder()).refresh()
    assert search(index) == ["blue.png", "lime.png"]


WARM = """
import sys
from pathlib import Path
from forethought.index import FolderIndex, index_dir
from tests.fakes import ColourEncoder

folder = Path(sys.argv[1])
sys.modules["lancedb"] = sys.modules["pyarrow"] = None
index = FolderIndex(folder, index_dir(folder), ColourEncoder())
print(index.refresh().pictures)
query = index.encoder.encode(["red"], think="never")
print(index.search(query, k=1)[0].document)
"""


def test_an_unchanged_folder_is_searched_where_lancedb_cannot_be_imported(index):
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", WARM, str(index.folder)]
    environment = {**os.environ, "PYTHONPATH": paths}
    warm = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert warm.stdout.split() == ["3", "red.png"]
    (index.folder / "red.png").unlink()
    cold = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert cold.stderr.splitlines()[-1].startswith("ModuleNotFoundError: import of lancedb")
