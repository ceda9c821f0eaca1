"""A file of feature rows, addressed by the content that they were computed from."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from forethought.files import atomic
from forethought.types import OpenProgress, no_progress

CHUNK = 256
"""How many new rows are computed before the file is written, and lost when the process is killed.

Where thousands are missing it is more, so that the file is written at most `WRITES` times.
"""
WRITES = 32


def cached_rows(
    path: Path,
    contents: Sequence[bytes],
    *,
    width: int,
    compute: Callable[[Sequence[int]], Float[np.ndarray, "N F"]],
    open_progress: OpenProgress = no_progress,
) -> Float[np.ndarray, "M F"]:
    """Return one row for each content, computing those that the file lacks.

    Equal contents share a row. The file is an `.npz` of 16-bit floats; one of another width is
    replaced.

    Args:
        width: the length of a row.
        compute: called with indices into `contents`; returns their rows.
        open_progress: called with the file and how many rows of it are cached.
    """
    keys = [hashlib.sha256(content).hexdigest()[:32] for content in contents]
    cached, values = _read(path, width)
    rows = {key: row for row, key in enumerate(cached)}
    first = {key: index for index, key in reversed(list(enumerate(keys)))}
    missing = sorted(index for key, index in first.items() if key not in rows)
    counts = f"{len(first) - len(missing)} rows cached, {len(missing)} to compute"
    chunk = max(CHUNK, len(missing) // WRITES)
    with open_progress(f"{path}: {counts}") as progress:
        for start in range(0, len(missing), chunk):
            indices = missing[start : start + chunk]
            values = np.concatenate([values, compute(indices).astype(np.float16)])
            for index in indices:
                rows[keys[index]] = len(rows)
            _write(path, list(rows), values)
            progress(start + len(indices), len(missing))
    return values[[rows[key] for key in keys]].astype(np.float32)


def _read(path: Path, width: int) -> tuple[list[str], Float[np.ndarray, "K F"]]:
    if not path.exists():
        return [], np.zeros((0, width), dtype=np.float16)
    with np.load(path, allow_pickle=False) as file:
        if file["values"].shape[1] != width:
            return [], np.zeros((0, width), dtype=np.float16)
        return [key.decode() for key in file["keys"].tolist()], file["values"]


def _write(path: Path, keys: list[str], values: Float[np.ndarray, "K F"]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary:
        np.savez(temporary, keys=np.array(keys, dtype="S32"), values=values)
