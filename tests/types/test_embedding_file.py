import json

import numpy as np
import pytest

from forethought.errors import ConfigError, DataError
from forethought.types.embedding_file import FORMAT, EmbeddingColumns, read_columns, write_columns

VALUES = {"mode": ["direct"] * 2, "rationales": [None] * 2, "errors": [None, "é"]}
ARRAYS = {"vectors": np.ones((2, 3), np.float32), "tokens": np.zeros(2, int), "gate": np.ones(2)}
GOOD = {"format": FORMAT, **VALUES, "provenance": None}


def write(path, values=GOOD, **arrays):
    about = np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)
    np.savez(path, **{"about": about, **ARRAYS, **arrays})


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "a.npz"
    write_columns(path, EmbeddingColumns(ARRAYS, VALUES | {"provenance": None}))
    found = read_columns(path)
    assert found.values == VALUES | {"provenance": None}
    assert {name: array.tolist() for name, array in found.arrays.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npz"]


def test_only_an_npz_is_written_where_there_is_room(tmp_path):
    columns = EmbeddingColumns(ARRAYS, VALUES)
    with pytest.raises(ConfigError, match=r"a\.parquet: embeddings are saved as \.npz"):
        write_columns(tmp_path / "a.parquet", columns)
    with pytest.raises(DataError, match=r"a\.npz: cannot be written \(No such file"):
        write_columns(tmp_path / "missing" / "a.npz", columns)


def test_what_is_no_such_file_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match=r"a\.npz: cannot be read \(No such file"):
        read_columns(path)
    np.savez(path, vector=np.ones(3))
    with pytest.raises(DataError, match=r"is no file of Embeddings\.save"):
        read_columns(path)
    np.save(tmp_path / "b.npy", np.ones(3))
    with pytest.raises(DataError, match=r"is no file of Embeddings\.save"):
        read_columns(tmp_path / "b.npy")
    path.write_bytes(b"")
    with pytest.raises(DataError, match="is damaged"):
        read_columns(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_file_cut_short_is_damaged(tmp_path, share):
    path = tmp_path / "a.npz"
    write(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError, match=r"is damaged \(.*encode again"):
        read_columns(path)


@pytest.mark.parametrize(
    ("values", "arrays", "rule"),
    [
        (GOOD | {"format": 1}, {}, "has format 1, this version of forethought reads 2"),
        (GOOD | {"colour": []}, {}, "its description has"),
        ([], {}, "is damaged"),
        (GOOD | {"mode": ["direct"]}, {}, r"its columns have \[1, 2\] rows"),
        (GOOD | {"errors": "ab"}, {}, "its description is no lists"),
        (GOOD, {"gate": np.ones(3)}, r"its columns have \[2, 3\] rows"),
        (GOOD, {"vectors": np.ones(2)}, "its shapes are"),
        (GOOD, {"tokens": np.ones(2)}, "its types are"),
        (GOOD, {"extra": np.ones(2)}, "its arrays are"),
        (GOOD, {"vectors": np.array([[None], [1]])}, "is damaged"),
    ],
)
def test_other_columns_are_refused(tmp_path, values, arrays, rule):
    write(tmp_path / "a.npz", values, **arrays)
    with pytest.raises(DataError, match=rule):
        read_columns(tmp_path / "a.npz")
