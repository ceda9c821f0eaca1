"""Picture vectors on disk: LanceDB tables, one per contract, changed by atomic commits only."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from forethought.index.contract import Contract
from forethought.index.listing import PictureFile
from forethought.index.read_picture import DECODER, DamagedPicture
from forethought.index.snapshot import DAMAGED_TABLE, Snapshot, table_state
from forethought.index.store_errors import check_directory_name, translate_errors
from forethought.types import Hit

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

_CONTRACT_KEY = b"contract"
# Readers of an older version have this long to finish before its files are deleted.
_VERSION_LIFETIME = timedelta(minutes=10)
_MAX_VERSIONS = 16
# Values in one SQL filter.
_FILTER_SIZE = 500
# Neighbours fetched beyond k, so that ties at rank k are broken by path.
_EXTRA_NEIGHBOURS = 64


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture file whose vector is stored, and the SHA-256 of the embedded bytes."""

    file: PictureFile
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class VectorStore:
    """The tables of one index directory under one contract."""

    directory: Path
    contract: Contract
    vectors: "Table"
    damaged: "Table"

    def stored_pictures(self) -> dict[str, StoredPicture]:
        """Every picture whose vector is stored, by path."""
        with self._reading():
            rows = self.vectors.search().select(["path", "size", "mtime_ns", "sha256"]).to_arrow()
            pictures = [StoredPicture(_file(row), row["sha256"]) for row in rows.to_pylist()]
        return {picture.file.path: picture for picture in pictures}

    def damaged_pictures(self) -> dict[str, DamagedPicture]:
        """Every file that this decoder version has rejected, by path."""
        with self._reading():
            rows = self.damaged.search().where(f"decoder = {_sql_string(DECODER)}").to_arrow()
            pictures = [DamagedPicture(_file(row), row["reason"]) for row in rows.to_pylist()]
        return {picture.file.path: picture for picture in pictures}

    def snapshot(self) -> Snapshot:
        """Every row as it is now, sorted by path."""
        state = table_state(self.directory, self.contract)
        with self._reading():
            query = self.vectors.search().select(["path", "size", "mtime_ns", "vector"])
            rows = query.to_arrow().sort_by("path")
        return Snapshot(
            state,
            rows["path"].to_pylist(),
            rows["size"].to_numpy(),
            rows["mtime_ns"].to_numpy(),
            _matrix(rows["vector"], self.contract.dimension),
            tuple(self.damaged_pictures().values()),
        )

    def vectors_of(self, hashes: Collection[str]) -> dict[str, Float[np.ndarray, " D"]]:
        """The vectors of embedded bytes, by SHA-256; unknown hashes are left out."""
        found: dict[str, Float[np.ndarray, " D"]] = {}
        with self._reading():
            for values in _sql_lists(hashes):
                query = self.vectors.search().where(f"sha256 IN ({values})")
                rows = query.select(["sha256", "vector"]).to_arrow()
                matrix = _matrix(rows["vector"], self.contract.dimension)
                found.update(zip(rows["sha256"].to_pylist(), matrix, strict=True))
        return found

    def write(self, pictures: Sequence[StoredPicture], vectors: Float[np.ndarray, "N D"]) -> None:
        """Insert pictures, or replace those of the same path, in one commit."""
        if not pictures:
            return
        import pyarrow as pa  # noqa: PLC0415 - pyarrow is an extra

        columns = _file_columns([picture.file for picture in pictures])
        columns["sha256"] = [picture.sha256 for picture in pictures]
        flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
        columns["vector"] = pa.FixedSizeListArray.from_arrays(flat, self.contract.dimension)
        with self._writing():
            _upsert(self.vectors, columns)

    def write_damaged(self, pictures: Sequence[DamagedPicture]) -> None:
        """Record files that need no second attempt while they are unchanged."""
        if not pictures:
            return
        columns = _file_columns([picture.file for picture in pictures])
        columns["decoder"] = [DECODER] * len(pictures)
        columns["reason"] = [picture.reason for picture in pictures]
        with self._writing():
            _upsert(self.damaged, columns)

    def drop(self, paths: Collection[str]) -> None:
        """Delete the vectors of these paths."""
        with self._writing():
            for values in _sql_lists(paths):
                self.vectors.delete(f"path IN ({values})")

    def drop_damaged(self, paths: Collection[str]) -> None:
        """Delete the records of damage for these paths."""
        with self._writing():
            for values in _sql_lists(paths):
                self.damaged.delete(f"path IN ({values})")

    def nearest(self, vector: Float[np.ndarray, " D"], k: int) -> list[Hit]:
        """The k pictures of highest cosine by exhaustive search; ties are broken by path."""
        with self._reading():
            num_rows = self.vectors.count_rows()
            if not num_rows:
                return []
            # The declared return type, the general builder, lacks the methods of vector search.
            query: Any = self.vectors.search(vector, vector_column_name="vector")
            exact = query.distance_type("cosine").bypass_vector_index()
            rows = exact.limit(min(k + _EXTRA_NEIGHBOURS, num_rows)).select(["path", "_distance"])
            columns = rows.to_arrow()
        pairs = zip(columns["_distance"].to_pylist(), columns["path"].to_pylist(), strict=True)
        nearest = sorted(pairs)[:k]
        return [Hit(path, 1.0 - distance, rank) for rank, (distance, path) in enumerate(nearest, 1)]

    def compact(self, *, changed: bool) -> None:
        """Merge small files, and delete table versions older than ten minutes."""
        with self._writing():
            for table in (self.vectors, self.damaged):
                if changed or len(table.list_versions()) > _MAX_VERSIONS:
                    table.optimize(cleanup_older_than=_VERSION_LIFETIME)

    def _reading(self) -> AbstractContextManager[None]:
        return translate_errors(self.directory, "read")

    def _writing(self) -> AbstractContextManager[None]:
        return translate_errors(self.directory, "written")


def open_store(directory: Path, contract: Contract) -> VectorStore:
    """Open the tables of a contract; missing ones are created empty.

    Raises:
        ContractError: if the table has another contract.
        DataError: if the files are damaged, or cannot be read or made.
    """
    import lancedb  # noqa: PLC0415 - lancedb is an extra
    import pyarrow as pa  # noqa: PLC0415 - pyarrow is an extra

    check_directory_name(directory)
    file = [("path", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64())]
    vector = pa.list_(pa.float32(), contract.dimension)
    vector_schema = pa.schema(
        [*file, ("sha256", pa.string()), ("vector", vector)],
        metadata={_CONTRACT_KEY: contract.to_json().encode()},
    )
    damaged_schema = pa.schema([*file, ("decoder", pa.string()), ("reason", pa.string())])
    with translate_errors(directory, "read"):
        # Zero seconds: commits of other processes are visible at once.
        tables = lancedb.connect(directory, read_consistency_interval=timedelta(0))
        vectors = tables.create_table(contract.table_name, schema=vector_schema, exist_ok=True)
        damaged = tables.create_table(DAMAGED_TABLE, schema=damaged_schema, exist_ok=True)
        stored = (vectors.schema.metadata or {}).get(_CONTRACT_KEY, b"").decode()
    contract.check_stored(Contract.from_json(stored), where=f"the index at {directory}")
    return VectorStore(directory, contract, vectors, damaged)


def _upsert(table: "Table", columns: Mapping[str, Any]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - pyarrow is an extra

    rows = pa.table(dict(columns), schema=table.schema)
    table.merge_insert("path").when_matched_update_all().when_not_matched_insert_all().execute(rows)


def _file_columns(files: Sequence[PictureFile]) -> dict[str, Any]:
    return {
        "path": [file.path for file in files],
        "size": [file.size for file in files],
        "mtime_ns": [file.mtime_ns for file in files],
    }


def _file(row: Mapping[str, Any]) -> PictureFile:
    return PictureFile(row["path"], row["size"], row["mtime_ns"])


def _matrix(column: "pa.ChunkedArray", dimension: int) -> Float[np.ndarray, "N D"]:
    flat = column.combine_chunks().flatten().to_numpy()
    return np.asarray(flat, dtype=np.float32).reshape(-1, dimension)


def _sql_lists(values: Collection[str]) -> Iterator[str]:
    """Values as comma-separated SQL strings, sorted, up to `_FILTER_SIZE` at a time."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _FILTER_SIZE):
        yield ", ".join(map(_sql_string, ordered[start : start + _FILTER_SIZE]))


def _sql_string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
