"""Vectors on disk: one Lance table a contract, changed by atomic commits only."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from jaxtyping import Float
from lancedb.table import Table

from forethought.errors import DataError
from forethought.index.contract import Contract, read_contract
from forethought.index.opening import DECODER, Damaged
from forethought.index.pictures import Picture
from forethought.types import Hit

_DAMAGED = "damaged"
_CONTRACT = b"contract"
_FILE = (("path", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64()))
# A reader that is still at work on an older version has this long to finish.
_GRACE = timedelta(minutes=10)
_MANY_VERSIONS = 16
_CHUNK = 500
# Neighbours looked at beyond k, so that equal pictures at the edge are cut by path.
_TIES = 64


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture whose vector the store holds, and the hash of what was embedded."""

    picture: Picture
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """The tables of one index folder."""

    home: Path
    contract: Contract
    vectors: Table
    damaged: Table

    def kept(self) -> dict[str, Kept]:
        """Every picture whose vector is held, by path."""
        rows = self.vectors.search().select(["path", "size", "mtime_ns", "sha256"]).to_arrow()
        return {row["path"]: Kept(_picture(row), row["sha256"]) for row in rows.to_pylist()}

    def known_damaged(self) -> dict[str, Damaged]:
        """Every file that this decoder has given up on, by path."""
        rows = self.damaged.search().where(f"decoder = {_quoted(DECODER)}").to_arrow()
        return {row["path"]: Damaged(_picture(row), row["reason"]) for row in rows.to_pylist()}

    def vectors_of(self, hashes: Collection[str]) -> dict[str, Float[np.ndarray, " D"]]:
        """The vectors of known contents, by hash; what is not held is left out."""
        found: dict[str, Float[np.ndarray, " D"]] = {}
        for some in _chunks(sorted(hashes)):
            query = self.vectors.search().where(f"sha256 IN ({some})")
            rows = query.select(["sha256", "vector"]).to_arrow()
            matrix = _matrix(rows["vector"], self.contract.dimension)
            found.update(zip(rows["sha256"].to_pylist(), matrix, strict=True))
        return found

    def write(self, kept: Sequence[Kept], vectors: Float[np.ndarray, "N D"]) -> None:
        """Add pictures or replace those of the same path: one commit, all or none."""
        if not kept:
            return
        columns = _file_columns([item.picture for item in kept])
        columns["sha256"] = [item.sha256 for item in kept]
        flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
        columns["vector"] = pa.FixedSizeListArray.from_arrays(flat, self.contract.dimension)
        _merge(self.vectors, columns)

    def write_damaged(self, files: Sequence[Damaged]) -> None:
        """Remember files that need not be tried again while they stay as they are."""
        if not files:
            return
        columns = _file_columns([file.picture for file in files])
        columns["decoder"] = [DECODER] * len(files)
        columns["reason"] = [file.reason for file in files]
        _merge(self.damaged, columns)

    def drop(self, paths: Collection[str]) -> None:
        """Forget the vectors of these paths."""
        for some in _chunks(sorted(paths)):
            self.vectors.delete(f"path IN ({some})")

    def drop_damaged(self, paths: Collection[str]) -> None:
        """Forget that these paths were damaged."""
        for some in _chunks(sorted(paths)):
            self.damaged.delete(f"path IN ({some})")

    def nearest(self, vector: Float[np.ndarray, " D"], k: int) -> list[Hit]:
        """The k pictures of highest cosine, by comparing with every one of them; ties by path."""
        self.contract.admit_query(vector[None], where=str(self.home))
        held = self.vectors.count_rows()
        if not held:
            return []
        # Typed as the general builder, which does not know the vector search's own methods.
        query: Any = self.vectors.search(vector, vector_column_name="vector")
        exact = query.distance_type("cosine").bypass_vector_index().limit(min(k + _TIES, held))
        rows = exact.select(["path", "_distance"]).to_arrow()
        found = sorted(zip(rows["_distance"].to_pylist(), rows["path"].to_pylist(), strict=True))
        return [
            Hit(path, 1.0 - distance, rank) for rank, (distance, path) in enumerate(found[:k], 1)
        ]

    def tidy(self, *, changed: bool) -> None:
        """Put small files together and let go of versions that nobody reads any more."""
        for table in (self.vectors, self.damaged):
            if changed or len(table.list_versions()) > _MANY_VERSIONS:
                table.optimize(cleanup_older_than=_GRACE)


def open_store(home: Path, contract: Contract) -> Store:
    """Open the tables of a contract, made empty where there are none.

    Raises:
        ContractError: if the table holds vectors of another kind.
        DataError: if the files are damaged.
    """
    vector = pa.list_(pa.float32(), contract.dimension)
    pictures = pa.schema(
        [*_FILE, ("sha256", pa.string()), ("vector", vector)],
        metadata={_CONTRACT: contract.written().encode()},
    )
    damaged = pa.schema([*_FILE, ("decoder", pa.string()), ("reason", pa.string())])
    try:
        # Zero seconds: what another process has committed is seen at once.
        tables = lancedb.connect(home, read_consistency_interval=timedelta(0))
        vectors = tables.create_table(contract.table, schema=pictures, exist_ok=True)
        store = Store(
            home,
            contract,
            vectors=vectors,
            damaged=tables.create_table(_DAMAGED, schema=damaged, exist_ok=True),
        )
        held = (vectors.schema.metadata or {}).get(_CONTRACT, b"")
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(
            f"the index at {home} cannot be read ({_first_line(error)}); "
            "delete that folder and it is built anew"
        ) from error
    contract.require(read_contract(held.decode()), where=f"the index at {home}")
    return store


def _merge(table: Table, columns: Mapping[str, Any]) -> None:
    rows = pa.table(dict(columns), schema=table.schema)
    table.merge_insert("path").when_matched_update_all().when_not_matched_insert_all().execute(rows)


def _file_columns(pictures: Sequence[Picture]) -> dict[str, Any]:
    return {
        "path": [picture.path for picture in pictures],
        "size": [picture.size for picture in pictures],
        "mtime_ns": [picture.mtime_ns for picture in pictures],
    }


def _picture(row: Mapping[str, Any]) -> Picture:
    return Picture(row["path"], row["size"], row["mtime_ns"])


def _matrix(column: pa.ChunkedArray, dimension: int) -> Float[np.ndarray, "N D"]:
    flat = column.combine_chunks().flatten().to_numpy()
    return np.asarray(flat, dtype=np.float32).reshape(-1, dimension)


def _chunks(words: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(words), _CHUNK):
        yield ", ".join(_quoted(word) for word in words[start : start + _CHUNK])


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
