"""Bring a store up to date with its folder, and embed only what is new in it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from forethought.errors import ContentError
from forethought.index.opening import Damaged, Opened, open_picture
from forethought.index.pictures import Listing, Picture, Unreadable
from forethought.index.store import Kept, Store
from forethought.types import Embeddings, Image

BATCH = 64
"""Pictures a commit: a kill loses at most as many."""

BATCH_PIXELS = 48_000_000
"""Decoded pixels after which a batch is full before its time: they take 144 MB."""

Embed = Callable[[Sequence[Image]], Embeddings]
Progress = Callable[[int, int], None]
"""Called with how many files are done and how many there are to do."""

File = Opened | Damaged | Unreadable

_CHANGING = "it changed while it was read; call again"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did.

    `pictures` counts what the index holds now, `reused` the moved, copied or touched files
    that kept a vector, `dropped` the paths that are no longer there or no longer readable.
    """

    pictures: int
    embedded: int
    reused: int
    dropped: int
    unreadable: tuple[Unreadable, ...]


@dataclass(slots=True)
class _Tally:
    """What has been done so far; `current` holds the paths whose vector is up to date."""

    embedded: int = 0
    reused: int = 0
    current: set[str] = field(default_factory=set)
    unreadable: list[Unreadable] = field(default_factory=list)


def refresh(
    listing: Listing, store: Store, embed: Embed, *, folder: Path, progress: Progress
) -> Refreshed:
    """Embed new and changed pictures, keep the others, and drop those that vanished.

    A file counts as unchanged while its size and time are; else its content's hash decides.
    """
    kept, given_up = store.kept(), store.known_damaged()
    tally = _Tally(unreadable=list(listing.unreadable))
    changed = _changed(listing, kept, given_up, tally=tally)
    hashes = {item.sha256 for item in kept.values()}
    done = 0
    progress(done, len(changed))
    for batch in _batches(folder, changed, hashes):
        _early_exit(batch, store, embed, folder=folder, tally=tally)
        done += len(batch)
        progress(done, len(changed))
    gone = kept.keys() - tally.current
    store.drop(gone)
    stale = given_up.keys() - {file.path for file in tally.unreadable}
    store.drop_damaged(stale)
    store.tidy(changed=bool(changed or gone or stale))
    return Refreshed(
        pictures=len(tally.current),
        embedded=tally.embedded,
        reused=tally.reused,
        dropped=len(gone),
        unreadable=tuple(sorted(tally.unreadable, key=lambda file: file.path)),
    )


def _changed(
    listing: Listing,
    kept: Mapping[str, Kept],
    given_up: Mapping[str, Damaged],
    *,
    tally: _Tally,
) -> list[Picture]:
    """The pictures that have to be opened; the others go straight into the tally."""
    changed = []
    for picture in listing.pictures:
        path = picture.path
        if path in kept and kept[path].picture == picture:
            tally.current.add(path)
        elif path in given_up and given_up[path].picture == picture:
            tally.unreadable.append(Unreadable(path, given_up[path].reason))
        else:
            changed.append(picture)
    return changed


def _batches(folder: Path, changed: Sequence[Picture], hashes: set[str]) -> Iterator[list[File]]:
    """Open files until a batch is full; `hashes` grows with what will have been embedded."""
    batch: list[File] = []
    pixels = 0
    for picture in changed:
        file = open_picture(folder, picture, hashes)
        if isinstance(file, Opened) and file.image is not None:
            pixels += file.image.pixels.shape[0] * file.image.pixels.shape[1]
            hashes.add(file.sha256)
        batch.append(file)
        if len(batch) == BATCH or pixels >= BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _early_exit(
    batch: Sequence[File], store: Store, embed: Embed, *, folder: Path, tally: _Tally
) -> None:
    """Give every file of a batch its vector or its reason, and commit both."""
    opened = [file for file in batch if isinstance(file, Opened)]
    images = {file.sha256: file.image for file in opened if file.image is not None}
    held = store.vectors_of({file.sha256 for file in opened} - images.keys())
    images |= _look_again(folder, [file for file in opened if file.sha256 not in images | held])
    fresh, refused = _embed(images, store, embed)
    vectors = held | fresh
    ready = [file for file in opened if file.sha256 in vectors]
    if ready:
        matrix = np.stack([vectors[file.sha256] for file in ready])
        store.write([Kept(file.picture, file.sha256) for file in ready], matrix)
    damaged = [file for file in batch if isinstance(file, Damaged)]
    store.write_damaged(damaged)
    tally.embedded += len(fresh)
    tally.reused += len(ready) - len(fresh)
    tally.current |= {file.picture.path for file in ready}
    tally.unreadable += [file for file in batch if isinstance(file, Unreadable)]
    tally.unreadable += [Unreadable(file.picture.path, file.reason) for file in damaged]
    tally.unreadable += [
        Unreadable(file.picture.path, refused.get(file.sha256, _CHANGING))
        for file in opened
        if file.sha256 not in vectors
    ]


def _look_again(folder: Path, files: Sequence[Opened]) -> dict[str, Image]:
    """Decode files whose known twin has been overwritten since, or did not embed."""
    again = (open_picture(folder, file.picture, ()) for file in files)
    opened = [file for file in again if isinstance(file, Opened)]
    return {file.sha256: file.image for file in opened if file.image is not None}


def _embed(
    images: Mapping[str, Image], store: Store, embed: Embed
) -> tuple[dict[str, Float[np.ndarray, " D"]], dict[str, str]]:
    """The vectors of pictures by hash, and the reason where the encoder refuses one."""
    if not images:
        return {}, {}
    try:
        found = embed(list(images.values()))
    except ContentError as error:
        if len(images) == 1:
            return {}, dict.fromkeys(images, str(error).removeprefix("input 0: "))
        vectors: dict[str, Float[np.ndarray, " D"]] = {}
        refused: dict[str, str] = {}
        for sha256, image in images.items():
            one, reason = _embed({sha256: image}, store, embed)
            vectors |= one
            refused |= reason
        return vectors, refused
    store.contract.admit(found, where=f"the index at {store.home}")
    return dict(zip(images, found.vectors, strict=True)), {}
