"""A folder of pictures that can be searched."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import filelock
import numpy as np
from jaxtyping import Float

from forethought.errors import DataError
from forethought.index.contract import Contract
from forethought.index.pictures import Listing, list_pictures
from forethought.index.refresh import Progress, Refreshed, refresh
from forethought.index.store import open_store
from forethought.types import Embeddings, Hit, Image, Side, Think

BESIDE = ".forethought"
"""The folder's own index folder, hidden inside it."""

_LOCK = "lock"
_PATIENCE_S = 0.5

_log = logging.getLogger(__name__)


@runtime_checkable
class PictureEncoder(Protocol):
    """What an index asks of an encoder: any `Encoder` will do, and so will less."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def revision(self) -> str:
        """Changes with its weights."""
        ...

    @property
    def dimension(self) -> int:
        """How long its vectors are."""
        ...

    def encode(
        self, inputs: Sequence[Image], *, side: Side, think: Think, instruction: str | None
    ) -> Embeddings:
        """Embed pictures in order."""
        ...


@dataclass(frozen=True, slots=True)
class FolderIndex:
    """The pictures of a folder, kept as document vectors of one encoder.

    Args:
        home: where the vectors lie; `place` finds it.
        think: whether pictures are thought about; part of the contract.
        instruction: what picture vectors are for; empty for the encoder's own.
    """

    folder: Path
    home: Path
    encoder: PictureEncoder
    think: Think = Think.NEVER
    instruction: str = ""

    @property
    def contract(self) -> Contract:
        """What kind of vectors this index holds."""
        encoder = self.encoder
        return Contract(
            encoder=encoder.name,
            revision=encoder.revision,
            dimension=encoder.dimension,
            think=self.think,
            instruction=self.instruction,
        )

    def refresh(
        self, listing: Listing | None = None, *, progress: Progress | None = None
    ) -> Refreshed:
        """Embed new and changed pictures, and drop those that vanished.

        One process at a time does this to an index; another one waits for it.

        Args:
            listing: what lies in the folder, where a caller has looked already.

        Raises:
            ContractError: if the encoder returns vectors of another kind than it promised.
            DataError: if there is no picture in the folder, or the index cannot be written.
        """
        listing = listing or list_pictures(self.folder)
        with _alone(self.home):
            return refresh(
                listing,
                open_store(self.home, self.contract),
                self._embed,
                folder=self.folder,
                progress=progress or _silent,
            )

    def search(self, query: Float[np.ndarray, " D"], *, k: int) -> list[Hit]:
        """The k pictures nearest to a query vector, as paths relative to the folder.

        Raises:
            ContractError: if the query was embedded by another encoder.
            DataError: if the index cannot be read.
        """
        return open_store(self.home, self.contract).nearest(query, k)

    def _embed(self, images: Sequence[Image]) -> Embeddings:
        instruction = self.instruction or None
        return self.encoder.encode(
            images, side=Side.DOCUMENT, think=self.think, instruction=instruction
        )


def place(folder: Path, elsewhere: Path | None = None) -> Path:
    """Where the index of a folder lies: inside it, or `elsewhere`, which many folders may share."""
    if elsewhere is None:
        return folder / BESIDE
    whole = folder.resolve()
    return elsewhere / f"{whole.name}-{hashlib.sha256(bytes(whole)).hexdigest()[:8]}"


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the index for this process; the system lets go of it when the process dies."""
    lock = filelock.FileLock(home / _LOCK)
    try:
        home.mkdir(parents=True, exist_ok=True)
        _acquire(lock, home)
    except OSError as error:
        raise DataError(
            f"the index cannot be written to {home} ({error.strerror}); "
            "name another place for it with --index DIR"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: filelock.BaseFileLock, home: Path) -> None:
    try:
        lock.acquire(timeout=_PATIENCE_S)
    except filelock.Timeout:
        _log.warning("another process is indexing %s; waiting for it", home)
        lock.acquire()


def _silent(done: int, total: int) -> None:
    del done, total
