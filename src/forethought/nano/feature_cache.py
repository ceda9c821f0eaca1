"""Vectors of frozen encoders, computed once and kept beside the data."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

CHUNK = 1024
"""How many are lost when the process is killed, at most."""


def remembered(
    path: Path,
    contents: Sequence[bytes],
    *,
    width: int,
    describe: Callable[[Sequence[int]], Float[np.ndarray, "N F"]],
    progress: Callable[[int], None] | None = None,
) -> Float[np.ndarray, "M F"]:
    """One row a content, computed only where the file does not hold it yet.

    Rows are addressed by content, so a picture that changed is described again, and one
    that occurs twice is described once. The file is saved after every `CHUNK` new rows.

    Args:
        width: how long a row is.
        describe: computes the rows of the contents at these positions.
        progress: called with how many distinct contents are newly done, after each chunk.
    """
    keys = [hashlib.sha256(content).hexdigest()[:32] for content in contents]
    known, values = _read(path, width)
    rows = {key: row for row, key in enumerate(known)}
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    missing = sorted(place for key, place in first.items() if key not in rows)
    for start in range(0, len(missing), CHUNK):
        places = missing[start : start + CHUNK]
        values = np.concatenate([values, describe(places).astype(np.float16)])
        for place in places:
            rows[keys[place]] = len(rows)
        _write(path, list(rows), values)
        if progress is not None:
            progress(len(places))
    return values[[rows[key] for key in keys]].astype(np.float32)


def _read(path: Path, width: int) -> tuple[list[str], Float[np.ndarray, "K F"]]:
    if not path.exists():
        return [], np.zeros((0, width), dtype=np.float16)
    with np.load(path, allow_pickle=False) as kept:
        if kept["values"].shape[1] != width:
            return [], np.zeros((0, width), dtype=np.float16)
        return [key.decode() for key in kept["keys"].tolist()], kept["values"]


def _write(path: Path, keys: list[str], values: Float[np.ndarray, "K F"]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.stem}.part.npz")
    np.savez(scratch, keys=np.array(keys, dtype="S32"), values=values)
    scratch.replace(path)
