"""A folder of pictures with a searchable index of their vectors."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from forethought.encoders import check_sees
from forethought.errors import ConfigError, DataError
from forethought.index.contract import Contract
from forethought.index.exclusive import exclusive
from forethought.index.listing import Listing, check_folder, list_pictures
from forethought.index.picture_encoder import PictureEncoder
from forethought.index.refresh import BATCH, RefreshResult, refresh, unchanged
from forethought.index.snapshot import has_table, read_snapshot, table_state, write_snapshot
from forethought.index.vector_store import open_store
from forethought.types import (
    ContentKind,
    Embeddings,
    Hit,
    Image,
    Progress,
    Side,
    Think,
    check_count,
    ignore_progress,
)

_HIDDEN_DIR = ".forethought"


@dataclass(frozen=True, slots=True, init=False)
class FolderIndex:
    """The pictures of a folder, stored as document vectors of one encoder.

    Args:
        index_dir: directory of the stored vectors; the function `index_dir` gives the default.
        think: whether pictures get a rationale; part of the contract.
        instruction: instruction for the picture vectors, "" for none; None is the encoder's
            default.
        batch_size: pictures that the encoder takes together.
    """

    folder: Path
    index_dir: Path
    encoder: PictureEncoder
    think: Think
    instruction: str | None
    batch_size: int

    def __init__(
        self,
        folder: Path | str,
        index_dir: Path | str,
        encoder: PictureEncoder,
        *,
        think: Think | str = Think.NEVER,
        instruction: str | None = None,
        batch_size: int = BATCH,
    ) -> None:
        object.__setattr__(self, "folder", Path(folder))
        object.__setattr__(self, "index_dir", Path(index_dir))
        object.__setattr__(self, "encoder", encoder)
        object.__setattr__(self, "think", _as_think(think))
        object.__setattr__(self, "instruction", instruction)
        object.__setattr__(self, "batch_size", batch_size)

    @property
    def contract(self) -> Contract:
        """The contract that every vector of this index satisfies.

        Raises:
            ContentError: if the encoder takes no pictures.
            ModelError: if the encoder does not think about pictures and `think` is "always".
        """
        check_sees(self.encoder)
        documents = self.encoder.provenance(
            (ContentKind.PICTURE,),
            side=Side.DOCUMENT,
            think=self.think,
            instruction=self.instruction,
        )
        return Contract(documents, self.encoder.dimension, self.think)

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
        with exclusive(self.index_dir):
            return self._refresh(list_pictures(self.folder), progress or ignore_progress)

    def check_query(self, query: Embeddings) -> None:
        """Refuse a query that `search` would refuse, whether or not a picture is indexed.

        Raises:
            ContractError: as `search` does.
        """
        self.contract.check_query(query, where=f"the index at {self.index_dir}")

    def search(self, query: Embeddings, *, k: int) -> list[Hit]:
        """The k pictures nearest to a query, as paths relative to the folder.

        Args:
            query: one row, as in `encoder.encode(["a cup"])` or `embeddings[3]`.

        Raises:
            ConfigError: if `k` is below 1.
            ContractError: if the query is anything but one vector of the query side, of the
                index's encoder, revision and settings, in a mode aligned with the documents'.
            DataError: if no picture is indexed yet, or the index cannot be read.
        """
        self.check_query(query)
        check_count(k)
        hits = self._nearest(query.vectors[0], k)
        if not hits:
            raise DataError(
                f"the index at {self.index_dir} has no pictures for {self.contract}; call "
                "refresh() first, whose result says what it found"
            )
        return hits

    def _nearest(self, vector: Float[np.ndarray, " D"], k: int) -> list[Hit]:
        """The nearest pictures; none where nothing was indexed."""
        snapshot = read_snapshot(self.index_dir, self.contract)
        if snapshot is not None:
            return snapshot.nearest(vector, k)
        if not has_table(self.index_dir, self.contract):
            return []
        return open_store(self.index_dir, self.contract).nearest(vector, k)

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
        return self.encoder.encode(
            images,
            side=Side.DOCUMENT,
            think=self.think,
            instruction=self.instruction,
            batch_size=self.batch_size,
            on_error="skip",
        )


def index_dir(folder: Path | str, parent: Path | str | None = None) -> Path:
    """Directory for the index of a folder: inside it, or in `parent`, which folders may share.

    In `parent` it has the folder's name, with `_` for what `check_directory_name` refuses.
    """
    if parent is None:
        return Path(folder) / _HIDDEN_DIR
    absolute = Path(folder).resolve()
    name = "".join(character if character.isprintable() else "_" for character in absolute.name)
    return Path(parent) / f"{name}-{hashlib.sha256(bytes(absolute)).hexdigest()[:8]}"


def _as_think(think: Think | str) -> Think:
    try:
        return Think(think)
    except ValueError:
        raise ConfigError(f"unknown think {think!r}; known: {', '.join(Think)}") from None


def _is_made(directory: Path) -> bool:
    try:
        return directory.is_dir()
    except OSError:
        return False
