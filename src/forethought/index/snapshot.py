"""A copy of an index's rows in one NumPy file, for a search that needs no LanceDB.

It is a cache: a file that does not match the present tables is ignored, and the next refresh
writes another.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Float, Int

from forethought.files import atomic
from forethought.index.contract import Contract
from forethought.index.listing import Listing, PictureFile
from forethought.index.read_picture import DECODER, DamagedPicture
from forethought.types import Hit, top_rows

DAMAGED_TABLE = "damaged"
"""The table of rejected files; all contracts of a directory share it."""

_FORMAT = 1
_SUFFIX = ".snapshot.npy"
# The one character that no path has.
_SEPARATOR = "\0"


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The pictures with their vectors, sorted by path, and the files that the decoder rejects.

    `state` is what `table_state` returned before the rows were read.
    """

    state: str
    paths: list[str]
    sizes: Int[np.ndarray, " N"]
    mtimes_ns: Int[np.ndarray, " N"]
    vectors: Float[np.ndarray, "N D"]
    damaged: tuple[DamagedPicture, ...]

    def __post_init__(self) -> None:
        lengths = {len(each) for each in (self.paths, self.sizes, self.mtimes_ns, self.vectors)}
        if len(lengths) > 1:
            raise ValueError(f"the columns have {sorted(lengths)} rows; give one value a picture")

    def is_current(self, listing: Listing) -> bool:
        """Whether the files of a folder are exactly these, each with its size and mtime."""
        rejected = {each.file for each in self.damaged}
        files = [file for file in listing.pictures if file not in rejected]
        return (
            len(files) + len(rejected) == len(listing.pictures)
            and [file.path for file in files] == self.paths
            and [file.size for file in files] == self.sizes.tolist()
            and [file.mtime_ns for file in files] == self.mtimes_ns.tolist()
        )

    def nearest(self, vector: Float[np.ndarray, " D"], k: int) -> list[Hit]:
        """The k pictures of highest cosine by exhaustive search; ties are broken by path."""
        query = np.asarray(vector, dtype=np.float32)
        # Unlike a product of matrices, this gives equal rows equal scores wherever they are.
        products = np.einsum("nd,d->n", self.vectors, query)
        squares = np.einsum("nd,nd->n", self.vectors, self.vectors)
        best = top_rows(products / (np.sqrt(squares) * np.linalg.norm(query)), k)
        return [Hit(self.paths[row.index], row.score, rank) for rank, row in enumerate(best, 1)]


def has_table(directory: Path, contract: Contract) -> bool:
    """Whether there is a table of a contract, which may be empty."""
    return _table(directory, contract.table_name).is_dir()


def table_state(directory: Path, contract: Contract) -> str:
    """A hash of what the tables of a contract are now: it changes with every commit."""
    versions = [
        sorted(_manifests(_table(directory, table) / "_versions"))
        for table in (contract.table_name, DAMAGED_TABLE)
    ]
    text = json.dumps([_FORMAT, DECODER, contract.to_json(), versions])
    return hashlib.sha256(text.encode()).hexdigest()


def has_snapshot(directory: Path) -> bool:
    """Whether there is a snapshot of any contract, current or not."""
    return any(directory.glob(f"*{_SUFFIX}"))


def read_snapshot(directory: Path, contract: Contract) -> Snapshot | None:
    """The snapshot of the tables as they are now; None if there is none that can be read."""
    # A damaged file raises many kinds of errors, and LanceDB has the rows.
    with suppress(Exception):
        snapshot = _read(_path(directory, contract), table_state(directory, contract))
        if snapshot is not None and snapshot.vectors.shape[1] == contract.dimension:
            return snapshot
    return None


def write_snapshot(directory: Path, contract: Contract, snapshot: Snapshot) -> None:
    """Write a snapshot, unless the operating system refuses: a search then opens LanceDB."""
    with suppress(OSError), atomic(_path(directory, contract)) as part, part.open("wb") as file:
        # First, where the file's header aligns them to 64 bytes.
        np.save(file, np.ascontiguousarray(snapshot.vectors, dtype=np.float32))
        _save_text(file, snapshot.state)
        np.save(file, snapshot.sizes)
        np.save(file, snapshot.mtimes_ns)
        _save_text(file, _SEPARATOR.join(snapshot.paths))
        damaged = [[*astuple(each.file), each.reason] for each in snapshot.damaged]
        _save_text(file, json.dumps(damaged))
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, state: str) -> Snapshot | None:
    """The snapshot in a file; None if it is of another state."""
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    with path.open("rb") as file:
        file.seek(vectors.offset + vectors.nbytes)
        if _load_text(file) != state:
            return None
        sizes, mtimes_ns = np.load(file), np.load(file)
        paths = _load_text(file)
        damaged = json.loads(_load_text(file))
    return Snapshot(
        state,
        paths.split(_SEPARATOR) if paths else [],
        sizes,
        mtimes_ns,
        vectors,
        tuple(DamagedPicture(PictureFile(*each), reason) for *each, reason in damaged),
    )


def _table(directory: Path, name: str) -> Path:
    """Where LanceDB stores a table."""
    return directory / f"{name}.lance"


def _manifests(versions: Path) -> Iterator[tuple[str, int, int]]:
    """Name, size and mtime of the file of every version of a table."""
    with os.scandir(versions) as entries:
        for entry in entries:
            if entry.name.endswith(".manifest"):
                status = entry.stat()
                yield entry.name, status.st_size, status.st_mtime_ns


def _path(directory: Path, contract: Contract) -> Path:
    return directory / f"{contract.table_name}{_SUFFIX}"


def _save_text(file: BinaryIO, text: str) -> None:
    np.save(file, np.frombuffer(text.encode(), dtype=np.uint8))


def _load_text(file: BinaryIO) -> str:
    encoded: bytes = np.load(file).tobytes()
    return encoded.decode()
