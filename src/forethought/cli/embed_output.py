"""The output files of `forethought embed`: Parquet, or arrays for NumPy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forethought.cli.packages import require
from forethought.errors import ConfigError
from forethought.types import Embeddings


@dataclass(frozen=True, slots=True, eq=False)
class EncodedBatch:
    """Embeddings, and the id of the input of each row."""

    ids: tuple[str, ...]
    embeddings: Embeddings


Writer = Callable[[Path, Iterable[EncodedBatch], Mapping[str, str]], int]
"""Writes batches and metadata to a file; returns the number of rows."""


def writer_for(path: Path) -> Writer:
    """The writer for a file's suffix.

    Raises:
        ConfigError: if the suffix is unknown.
        ModuleNotFoundError: if its package is not installed.
    """
    if path.suffix not in WRITERS:
        known = " or ".join(WRITERS)
        raise ConfigError(f"{path}: unknown suffix {path.suffix!r}; write to a {known} file")
    if path.suffix == ".parquet":
        require("pyarrow")
    return WRITERS[path.suffix]


def write_parquet(path: Path, batches: Iterable[EncodedBatch], metadata: Mapping[str, str]) -> int:
    """One row group per batch; thinking, answer and ending are null without a rationale."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, num_rows = None, 0
    try:
        for batch in batches:
            embeddings = batch.embeddings
            flat = pa.array(np.ascontiguousarray(embeddings.vectors, dtype=np.float32).ravel())
            columns = {
                "id": pa.array(batch.ids, pa.string()),
                "vector": pa.FixedSizeListArray.from_arrays(flat, embeddings.dimension),
                **{
                    name: pa.array([text or None for text in texts], pa.string())
                    for name, texts in _text_columns(embeddings).items()
                },
                "tokens": pa.array(embeddings.tokens.astype(np.int32)),
            }
            table = pa.table(columns).replace_schema_metadata(dict(metadata))
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            num_rows += len(batch.ids)
    finally:
        if writer is not None:
            writer.close()
    return num_rows


def write_npz(path: Path, batches: Iterable[EncodedBatch], metadata: Mapping[str, str]) -> int:
    """Arrays of the same names, without pickle; "" without a rationale."""
    stored = list(batches)
    ids = [item_id for batch in stored for item_id in batch.ids]
    # Any: NumPy 2 declares a flag among the named arrays.
    columns: dict[str, Any] = {
        "id": np.array(ids, dtype=np.str_),
        "vector": np.concatenate([batch.embeddings.vectors for batch in stored]).astype(np.float32),
        "tokens": np.concatenate([batch.embeddings.tokens for batch in stored]).astype(np.int32),
    }
    texts = [_text_columns(batch.embeddings) for batch in stored]
    for name in texts[0]:
        columns[name] = np.array([text for each in texts for text in each[name]], dtype=np.str_)
    for key, value in metadata.items():
        columns[f"about_{key}"] = np.array(value, dtype=np.str_)
    with path.open("wb") as file:
        # Without allow_pickle=False, which NumPy before 2 stores as an array of that name.
        # No column is of objects, so that none is pickled.
        np.savez(file, **columns)
    return len(ids)


def _text_columns(embeddings: Embeddings) -> dict[str, list[str]]:
    rationales = embeddings.rationales
    return {
        "mode": [mode.value for mode in embeddings.mode],
        "thinking": [each.thinking if each else "" for each in rationales],
        "answer": [each.answer if each else "" for each in rationales],
        "ending": [each.ending.value if each else "" for each in rationales],
    }


WRITERS: dict[str, Writer] = {".parquet": write_parquet, ".npz": write_npz}
"""Writers by suffix."""
