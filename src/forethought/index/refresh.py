"""Update a vector store from its folder: embed what is new, keep what is unchanged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from forethought.index.listing import Listing, PictureFile, SkippedFile
from forethought.index.read_picture import DamagedPicture, PictureContent, read_picture
from forethought.index.snapshot import Snapshot
from forethought.index.vector_store import StoredPicture, VectorStore
from forethought.types import Embeddings, Image, Progress

BATCH = 64
"""Pictures per commit, and so the most that an interrupted run has to embed again."""

BATCH_PIXELS = 48_000_000
"""Decoded pixels that close a batch early; they take 144 MB."""

Embed = Callable[[Sequence[Image]], Embeddings]

ReadResult = PictureContent | DamagedPicture | SkippedFile

_NO_VECTOR = "its vector is zero or not finite; embed it in float32"
_CHANGED_WHILE_READ = "it changed while it was read; call again"


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """What a refresh changed.

    `pictures` counts the pictures now in the index, `reused` the moved, copied or touched files
    whose vector was already stored, `dropped` the paths that were deleted or became unreadable,
    `passed_over` the files of other kinds (see `Listing`).
    """

    pictures: int
    embedded: int
    reused: int
    dropped: int
    skipped: tuple[SkippedFile, ...]
    passed_over: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Counts:
    """Running totals of a refresh; `current` has the paths whose stored vector is up to date."""

    embedded: int = 0
    reused: int = 0
    current: set[str] = field(default_factory=set)
    skipped: list[SkippedFile] = field(default_factory=list)


def refresh(
    listing: Listing, store: VectorStore, embed: Embed, *, folder: Path, progress: Progress
) -> RefreshResult:
    """Embed new and changed pictures, and drop those that were deleted.

    A file with the stored size and mtime is unchanged; for any other the hash of its bytes decides.
    """
    stored, damaged = store.stored_pictures(), store.damaged_pictures()
    counts = _Counts(skipped=list(listing.skipped))
    changed = _changed(listing, stored, damaged, counts=counts)
    hashes = {picture.sha256 for picture in stored.values()}
    done = 0
    progress(done, len(changed))
    for batch in _batches(folder, changed, hashes):
        _commit(batch, store, embed, folder=folder, counts=counts)
        done += len(batch)
        progress(done, len(changed))
    deleted = stored.keys() - counts.current
    store.drop(deleted)
    repaired = damaged.keys() - {file.path for file in counts.skipped}
    store.drop_damaged(repaired)
    store.compact(changed=bool(changed or deleted or repaired))
    return RefreshResult(
        pictures=len(counts.current),
        embedded=counts.embedded,
        reused=counts.reused,
        dropped=len(deleted),
        skipped=tuple(sorted(counts.skipped, key=lambda file: file.path)),
        passed_over=listing.passed_over,
    )


def unchanged(listing: Listing, snapshot: Snapshot) -> RefreshResult:
    """The result of a refresh for which there is nothing to do; see `Snapshot.is_current`."""
    rejected = [SkippedFile(each.file.path, each.reason) for each in snapshot.damaged]
    return RefreshResult(
        pictures=len(snapshot.paths),
        embedded=0,
        reused=0,
        dropped=0,
        skipped=tuple(sorted([*listing.skipped, *rejected], key=lambda file: file.path)),
        passed_over=listing.passed_over,
    )


def _changed(
    listing: Listing,
    stored: Mapping[str, StoredPicture],
    damaged: Mapping[str, DamagedPicture],
    *,
    counts: _Counts,
) -> list[PictureFile]:
    """The files that have to be opened; the others are added to the counts."""
    changed = []
    for file in listing.pictures:
        path = file.path
        if path in stored and stored[path].file == file:
            counts.current.add(path)
        elif path in damaged and damaged[path].file == file:
            counts.skipped.append(SkippedFile(path, damaged[path].reason))
        else:
            changed.append(file)
    return changed


def _batches(
    folder: Path, changed: Sequence[PictureFile], hashes: set[str]
) -> Iterator[list[ReadResult]]:
    """Read files in batches; adds to `hashes` the files of the batch that will be embedded."""
    batch: list[ReadResult] = []
    pixels = 0
    for file in changed:
        result = read_picture(folder, file, hashes)
        if isinstance(result, PictureContent) and result.image is not None:
            pixels += result.image.pixels.shape[0] * result.image.pixels.shape[1]
            hashes.add(result.sha256)
        batch.append(result)
        if len(batch) == BATCH or pixels >= BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _commit(
    batch: Sequence[ReadResult], store: VectorStore, embed: Embed, *, folder: Path, counts: _Counts
) -> None:
    """Embed a batch, and store a vector or a reason for every file of it."""
    contents = [result for result in batch if isinstance(result, PictureContent)]
    images = {content.sha256: content.image for content in contents if content.image is not None}
    reused = store.vectors_of({content.sha256 for content in contents} - images.keys())
    known = images.keys() | reused.keys()
    images |= _decode_again(folder, [each for each in contents if each.sha256 not in known])
    embedded, refused = _embed(images, store, embed)
    vectors = reused | embedded
    ready = [content for content in contents if content.sha256 in vectors]
    if ready:
        matrix = np.stack([vectors[content.sha256] for content in ready])
        store.write([StoredPicture(content.file, content.sha256) for content in ready], matrix)
    damaged = [result for result in batch if isinstance(result, DamagedPicture)]
    store.write_damaged(damaged)
    counts.embedded += len(embedded)
    counts.reused += len(ready) - len(embedded)
    counts.current |= {content.file.path for content in ready}
    counts.skipped += [result for result in batch if isinstance(result, SkippedFile)]
    counts.skipped += [SkippedFile(picture.file.path, picture.reason) for picture in damaged]
    counts.skipped += [
        SkippedFile(content.file.path, refused.get(content.sha256, _CHANGED_WHILE_READ))
        for content in contents
        if content.sha256 not in vectors
    ]


def _decode_again(folder: Path, contents: Sequence[PictureContent]) -> dict[str, Image]:
    """Decode files whose stored vector was overwritten since, or whose copy was refused."""
    results = (read_picture(folder, content.file, ()) for content in contents)
    decoded = [result for result in results if isinstance(result, PictureContent)]
    return {content.sha256: content.image for content in decoded if content.image is not None}


def _embed(
    images: Mapping[str, Image], store: VectorStore, embed: Embed
) -> tuple[dict[str, Float[np.ndarray, " D"]], dict[str, str]]:
    """Vectors by hash, and reasons by hash where a picture has none or one without direction."""
    if not images:
        return {}, {}
    embeddings = embed(list(images.values()))
    is_good = embeddings.has_vector & embeddings.vectors.any(axis=1)
    if is_good.any():
        found = embeddings[is_good]
        store.contract.check_documents(found, where=f"the index at {store.directory}")
    vectors: dict[str, Float[np.ndarray, " D"]] = {}
    refused: dict[str, str] = {}
    for row, (sha256, image) in enumerate(images.items()):
        if is_good[row]:
            vectors[sha256] = embeddings.vectors[row]
        else:
            # Reports name the file themselves.
            reason = embeddings.errors[row] or _NO_VECTOR
            refused[sha256] = reason.removeprefix(f"{image.source}: ")
    return vectors, refused
