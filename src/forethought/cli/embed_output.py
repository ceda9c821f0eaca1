"""Vectors and rationales as a file: Parquet, or arrays for NumPy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forethought.errors import ConfigError
from forethought.types import Embeddings


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some rows: the ids of inputs, and what became of them."""

    ids: tuple[str, ...]
    found: Embeddings


Writer = Callable[[Path, Iterable[Part], Mapping[str, str]], int]
"""Writes parts as they come, with words about all of them; returns how many rows there were."""


def writer_for(path: Path) -> Writer:
    """The writer that a file's suffix asks for.

    Raises:
        ConfigError: if there is none.
    """
    if path.suffix not in WRITERS:
        known = " or ".join(WRITERS)
        raise ConfigError(f"{path}: unknown suffix {path.suffix!r}; write to a {known} file")
    return WRITERS[path.suffix]


def write_parquet(path: Path, parts: Iterable[Part], about: Mapping[str, str]) -> int:
    """One row group a part; thinking, answer and ending are null where nothing was thought."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, rows = None, 0
    try:
        for part in parts:
            dimension = part.found.dimension
            flat = pa.array(np.ascontiguousarray(part.found.vectors, dtype=np.float32).ravel())
            columns = {
                "id": pa.array(part.ids, pa.string()),
                "vector": pa.FixedSizeListArray.from_arrays(flat, dimension),
                **{
                    name: pa.array([word or None for word in words], pa.string())
                    for name, words in _words(part.found).items()
                },
                "tokens": pa.array(part.found.tokens.astype(np.int32)),
            }
            table = pa.table(columns).replace_schema_metadata(dict(about))
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            rows += len(part.ids)
    finally:
        if writer is not None:
            writer.close()
    return rows


def write_npz(path: Path, parts: Iterable[Part], about: Mapping[str, str]) -> int:
    """Arrays of the same names, without pickle; "" where nothing was thought."""
    kept = list(parts)
    ids = [name for part in kept for name in part.ids]
    words = [_words(part.found) for part in kept]
    columns = {
        "id": np.array(ids, dtype=np.str_),
        "vector": np.concatenate([part.found.vectors for part in kept]).astype(np.float32),
        "tokens": np.concatenate([part.found.tokens for part in kept]).astype(np.int32),
    }
    for name in words[0]:
        columns[name] = np.array([word for part in words for word in part[name]], dtype=np.str_)
    for key, value in about.items():
        columns[f"about_{key}"] = np.array(value, dtype=np.str_)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **columns)
    return len(ids)


def _words(found: Embeddings) -> dict[str, list[str]]:
    thoughts = found.rationales
    return {
        "mode": [mode.value for mode in found.mode],
        "thinking": [thought.thinking if thought else "" for thought in thoughts],
        "answer": [thought.answer if thought else "" for thought in thoughts],
        "ending": [thought.ending.value if thought else "" for thought in thoughts],
    }


WRITERS: dict[str, Writer] = {".parquet": write_parquet, ".npz": write_npz}
"""The files that can be written, by suffix."""
