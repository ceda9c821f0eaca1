"""A folder of pictures with a searchable index of their vectors."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from forethought.files import file_lock
from forethought.index.contract import Contract
from forethought.index.listing import Listing, check_folder, list_pictures
from forethought.index.refresh import BATCH, RefreshResult, refresh, unchanged
from forethought.index.snapshot import read_snapshot, table_state, write_snapshot
from forethought.index.store_errors import check_directory_name, describe_os_error
from forethought.index.vector_store import open_store
from forethought.types import Embeddings, Hit, Image, Progress, Side, Think

if TYPE_CHECKING:
    from filelock import BaseFileLock

_HIDDEN_DIR = ".forethought"
_LOCK_FILE = "lock"
_LOCK_TIMEOUT_S = 0.5

_log = logging.getLogger(__name__)


@runtime_checkable
class PictureEncoder(Protocol):
    """The part of the `Encoder` protocol that an index uses."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    @property
    def revision(self) -> str:
        """Hash of the weights and settings."""
        ...

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        ...

    def encode(
        self,
        inputs: Sequence[Image],
        *,
        side: Side,
        think: Think,
        instruction: str | None,
        batch_size: int,
    ) -> Embeddings:
        """Embed pictures in order."""
        ...


@dataclass(frozen=True, slots=True)
class FolderIndex:
    """The pictures of a folder, stored as document vectors of one encoder.

    Args:
        index_dir: directory of the stored vectors; the function `index_dir` gives the default.
        think: whether pictures get a rationale; part of the contract.
        instruction: instruction for the picture vectors; empty for the encoder's default.
        batch_size: pictures that the encoder takes together.
    """

    folder: Path
    index_dir: Path
    encoder: PictureEncoder
    think: Think = Think.NEVER
    instruction: str = ""
    batch_size: int = BATCH

    @property
    def contract(self) -> Contract:
        """The contract that every vector of this index satisfies."""
        encoder = self.encoder
        return Contract(
            encoder=encoder.name,
            revision=encoder.revision,
            dimension=encoder.dimension,
            think=self.think,
            instruction=self.instruction,
        )

    def refresh(self, *, progress: Progress | None = None) -> RefreshResult:
        """Embed new and changed pictures, and drop those that were deleted.

        A lock lets one process at a time do this to an index; others wait. The folder is listed
        once the lock is had, so the index is what the folder was no earlier than that.

        Args:
            progress: counts opened files.

        Raises:
            ContractError: if the encoder returns vectors that do not match the contract.
            DataError: if there is no picture in the folder, or the index cannot be written.
        """
        if not _is_made(self.index_dir):
            # A folder without pictures stays as it is.
            check_folder(self.folder)
        with _exclusive(self.index_dir):
            return self._refresh(list_pictures(self.folder), progress or _no_progress)

    def search(self, query: Float[np.ndarray, " D"], *, k: int) -> list[Hit]:
        """The k pictures nearest to a query vector, as paths relative to the folder.

        Raises:
            ContractError: if the query was embedded by another encoder.
            DataError: if the index cannot be read.
        """
        snapshot = read_snapshot(self.index_dir, self.contract)
        if snapshot is not None:
            self.contract.check_queries(query[None], where=str(self.index_dir))
            return snapshot.nearest(query, k)
        return open_store(self.index_dir, self.contract).nearest(query, k)

    def _refresh(self, listing: Listing, progress: Progress) -> RefreshResult:
        """Refresh by the snapshot alone, without LanceDB, if nothing changed."""
        snapshot = read_snapshot(self.index_dir, self.contract)
        if snapshot is not None and snapshot.is_current(listing):
            progress(0, 0)
            return unchanged(listing, snapshot)
        store = open_store(self.index_dir, self.contract)
        result = refresh(listing, store, self._embed, folder=self.folder, progress=progress)
        if snapshot is None or snapshot.state != table_state(self.index_dir, self.contract):
            write_snapshot(self.index_dir, self.contract, store.snapshot())
        return result

    def _embed(self, images: Sequence[Image]) -> Embeddings:
        instruction = self.instruction or None
        return self.encoder.encode(
            images,
            side=Side.DOCUMENT,
            think=self.think,
            instruction=instruction,
            batch_size=self.batch_size,
        )


def index_dir(folder: Path, parent: Path | None = None) -> Path:
    """Directory for the index of a folder: inside it, or in `parent`, which folders may share.

    In `parent` it has the folder's name, with `_` for what `check_directory_name` refuses.
    """
    if parent is None:
        return folder / _HIDDEN_DIR
    absolute = folder.resolve()
    name = "".join(character if character.isprintable() else "_" for character in absolute.name)
    return parent / f"{name}-{hashlib.sha256(bytes(absolute)).hexdigest()[:8]}"


def _is_made(directory: Path) -> bool:
    try:
        return directory.is_dir()
    except OSError:
        return False


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    """Lock an index directory; the operating system frees the lock if the process dies."""
    check_directory_name(directory)
    lock = file_lock(directory / _LOCK_FILE)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _acquire(lock, directory)
    except OSError as error:
        raise describe_os_error(directory, error) from None
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: "BaseFileLock", directory: Path) -> None:
    try:
        lock.acquire(timeout=_LOCK_TIMEOUT_S)
    except TimeoutError:
        _log.warning("another process is writing the index %s; waiting for it", directory)
        lock.acquire()


def _no_progress(done: int, total: int, label: str = "", /) -> None:
    del done, total, label
