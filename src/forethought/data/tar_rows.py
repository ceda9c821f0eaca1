"""Rows of tar shards: every KEY.json is one, beside the media that it names."""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forethought.data.data_files import unreadable
from forethought.data.row_table import RawRow, Where, with_progress
from forethought.errors import ContentError, DataError
from forethought.types import Progress

KIND = "tar"

_BLOCK = 512  # bytes
_JSON = ".json"


class _Span(NamedTuple):
    offset: int
    size: int


@dataclass(frozen=True, eq=False)
class _Shard:
    """The members of one shard: where each is, its name only as eight bytes of digest."""

    path: Path
    digests: np.ndarray  # sorted
    offsets: np.ndarray
    sizes: np.ndarray
    examples: tuple[str, ...]

    def find(self, name: str) -> _Span | None:
        digest = _digest(name)
        index = int(np.searchsorted(self.digests, digest))
        if index == len(self.digests) or self.digests[index] != digest:
            return None
        return _Span(int(self.offsets[index]), int(self.sizes[index]))

    def read(self, span: _Span) -> bytes:
        with self.path.open("rb") as file:
            file.seek(span.offset)
            return file.read(span.size)


@dataclass(frozen=True)
class TarRows:
    """The JSON members of uncompressed tar files, read where they lie.

    All headers are read at first use; nothing is unpacked.
    """

    files: tuple[Path, ...]

    def scan(self, progress: Progress) -> Iterator[RawRow]:
        """Every row in order; see `RowTable.scan`."""
        before = np.cumsum([0, *(len(shard.examples) for shard in self._shards)]).tolist()
        return with_progress(
            self._scan(),
            progress,
            total=before[-1],
            done=lambda row: before[row.where.file] + row.where.number,
        )

    def read(self, where: Where) -> RawRow:
        shard = self._shards[where.file]
        try:
            text = shard.read(_Span(where.start, where.size))
        except OSError as error:
            raise unreadable(shard.path, error, KIND) from None
        try:
            table = json.loads(text)
        except (RecursionError, ValueError) as error:
            return RawRow(where, None, f"not JSON ({error}); write one example")
        if not isinstance(table, dict):
            return RawRow(where, None, 'not an object; write {"query": ..., "positives": ...}')
        return RawRow(where, table)

    def place(self, where: Where) -> str:
        shard = self._shards[where.file]
        return f"{shard.path}, {shard.examples[where.number - 1]}"

    def has(self, file: int, name: str) -> bool:
        """Whether a shard has a member of that name."""
        return self._shards[file].find(name) is not None

    def member(self, file: int, name: str) -> bytes:
        """The content of a member.

        Raises:
            ContentError: if there is none, or the shard can no longer be read.
        """
        shard = self._shards[file]
        span = shard.find(name)
        if span is None:
            raise ContentError(f"{name}: no such member of {shard.path}; check the name")
        try:
            return shard.read(span)
        except OSError as error:
            raise ContentError(
                f"{name}: {shard.path} cannot be read ({error.strerror}); copy it again"
            ) from None

    def _scan(self) -> Iterator[RawRow]:
        for file, shard in enumerate(self._shards):
            for number, name in enumerate(shard.examples, 1):
                span = shard.find(name)
                if span is not None:
                    yield self.read(Where(file, number, *span))

    @cached_property
    def _shards(self) -> tuple[_Shard, ...]:
        return tuple(map(_read_headers, self.files))


def _read_headers(path: Path) -> _Shard:
    try:
        spans = dict(_members(path))
    except OSError as error:
        raise unreadable(path, error, KIND) from None
    except tarfile.TarError as error:
        raise DataError(
            f"{path}: not an uncompressed tar file ({error}); unpack .gz or .zst first, since a "
            "compressed one cannot be read at random"
        ) from None
    digests = np.array([_digest(name) for name in spans], dtype=np.uint64)
    order = np.argsort(digests)
    offsets, sizes = np.array(list(spans.values()), dtype=np.int64).reshape(-1, 2).T
    examples = tuple(name for name in spans if name.endswith(_JSON))
    return _Shard(path, digests[order], offsets[order], sizes[order], examples)


def _members(path: Path) -> Iterator[tuple[str, _Span]]:
    end = 0
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined] # it would hold every header
            blocks = -(-member.size // _BLOCK) if member.isreg() else 0
            end = member.offset_data + blocks * _BLOCK
            if member.isreg() and not member.issparse():
                yield member.name.removeprefix("./"), _Span(member.offset_data, member.size)
    _check_end(path, end)


def _check_end(path: Path, end: int) -> None:
    """A tar file ends with zeros; `tarfile` takes a damaged header for the end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(end)
        rest = file.read(_BLOCK)
    if size < end or any(rest):
        raise DataError(f"{path}: damaged at byte {min(end, size)}; copy it again")


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(os.fsencode(name), digest_size=8).digest(), "big")
