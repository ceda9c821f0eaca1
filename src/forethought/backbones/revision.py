"""The revision of a checkpoint: a hash over its settings and over samples of every tensor."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from forethought.backbones.adapter import base_folder

_PIECE_BYTES = 2**14
_PIECES = 4
_LARGE_BYTES = 2**26
_TAIL_BYTES = 2**22
"""Read from the end of a large tensor: in a vocabulary, the rows of added tokens."""


def revision_of(folder: Path) -> str:
    """Twelve hex digits over every setting and weight file in a folder, and in an adapter's base.

    Settings are read whole; of a weight file its size, its header and of each tensor four pieces
    of 16 KiB, evenly spaced (and the last 4 MiB of one over 64 MiB). Training changes all of them.
    A few bytes of one tensor changed by hand, between these pieces, are not noticed.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json":
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
        elif path.suffix == ".safetensors":
            digest.update(f"{path.name} {path.stat().st_size}".encode())
            for piece in _samples(path):
                digest.update(piece)
    base = base_folder(folder)
    if base != folder:
        digest.update(revision_of(base).encode())
    return digest.hexdigest()[:12]


def _samples(path: Path) -> Iterator[bytes]:
    """The header of a weight file, and pieces of each tensor."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(min(length, size))
        yield header
        for start, end in _spans(header, size):
            for first, last in _pieces(start, end):
                file.seek(first)
                yield file.read(last - first)


def _spans(header: bytes, size: int) -> list[tuple[int, int]]:
    """First and last byte of each tensor; the whole file where the header cannot be read."""
    try:
        tensors = json.loads(header)
        tensors.pop("__metadata__", None)
        offset = 8 + len(header)
        spans = [tensor["data_offsets"] for tensor in tensors.values()]
        return sorted((offset + int(start), offset + int(end)) for start, end in spans)
    except (ValueError, KeyError, TypeError, AttributeError):
        return [(0, size)]


def _pieces(start: int, end: int) -> list[tuple[int, int]]:
    """The parts of a span that are read."""
    if end - start <= _PIECES * _PIECE_BYTES:
        return [(start, end)]
    last = end - _PIECE_BYTES
    firsts = [start + (last - start) * piece // (_PIECES - 1) for piece in range(_PIECES)]
    pieces = [(first, first + _PIECE_BYTES) for first in firsts]
    return [*pieces, (end - _TAIL_BYTES, end)] if end - start > _LARGE_BYTES else pieces
