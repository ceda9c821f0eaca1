"""The file of embeddings: arrays and one JSON text in an .npz, without pickle."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forethought.errors import ConfigError, DataError
from forethought.files import atomic

FORMAT = 2
"""Version of the file; another version is refused."""

_ARRAYS = ("vectors", "tokens", "gate")
_LISTS = ("mode", "rationales", "errors")


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingColumns:
    """The columns of a file: arrays by name, and what is no array as JSON values by name."""

    arrays: Mapping[str, np.ndarray]
    values: Mapping[str, Any]


def write_columns(path: Path, columns: EmbeddingColumns) -> None:
    """Write the file atomically.

    Raises:
        ConfigError: if `path` does not end in .npz.
        DataError: if it cannot be written.
    """
    if path.suffix != ".npz":
        raise ConfigError(
            f"{path}: embeddings are saved as .npz; name a file that ends in .npz (for Parquet: "
            "forethought embed --out)"
        )
    # One JSON text, not an array of strings: that has the length of its longest string N times.
    text = json.dumps({"format": FORMAT, **columns.values}).encode()
    try:
        with atomic(path) as temporary, temporary.open("wb") as file:
            vectors, tokens, gate = (columns.arrays[name] for name in _ARRAYS)
            about = np.frombuffer(text, dtype=np.uint8)
            np.savez(file, vectors=vectors, tokens=tokens, gate=gate, about=about)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror or error}); make room or name another file"
        ) from None


def read_columns(path: Path) -> EmbeddingColumns:
    """Read and check a file; every column has one entry a row.

    Raises:
        DataError: if it cannot be read, is of another kind or version, or is damaged.
    """
    try:
        # Opened here: np.load leaves a damaged file open.
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile) or "about" not in loaded.files:
                raise _foreign(path)
            found = {name: loaded[name] for name in loaded.files}
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); name a file of Embeddings.save"
        ) from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise error if isinstance(error, DataError) else _damaged(path, str(error)) from None
    values = _values(path, found.pop("about"))
    if set(found) != set(_ARRAYS):
        raise _damaged(path, f"its arrays are {sorted(found)}, not {sorted(_ARRAYS)}")
    _check(path, found, values)
    return EmbeddingColumns(found, values)


def _values(path: Path, text: np.ndarray) -> dict[str, Any]:
    try:
        values = json.loads(text.tobytes())
        version = values.pop("format")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"its description: {error}") from None
    if version != FORMAT:
        raise DataError(
            f"{path}: has format {version!r}, this version of forethought reads {FORMAT}; read it "
            "with the version that wrote it, or encode again"
        )
    if set(values) != {*_LISTS, "provenance"}:
        raise _damaged(path, f"its description has {sorted(values)}")
    return dict(values)


def _check(path: Path, arrays: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> None:
    if [arrays[name].ndim for name in _ARRAYS] != [2, 1, 1]:
        raise _damaged(path, f"its shapes are {[arrays[name].shape for name in _ARRAYS]}")
    if [arrays[name].dtype.kind for name in _ARRAYS] != ["f", "i", "f"]:
        raise _damaged(path, f"its types are {[str(arrays[name].dtype) for name in _ARRAYS]}")
    lists = [values[name] for name in _LISTS]
    if not all(isinstance(each, list) for each in lists):
        raise _damaged(path, "its description is no lists")
    lengths = {len(column) for column in [*arrays.values(), *lists]}
    if len(lengths) != 1:
        raise _damaged(path, f"its columns have {sorted(lengths)} rows")


def _foreign(path: Path) -> DataError:
    return DataError(f"{path}: is no file of Embeddings.save; encode again, and save that")


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: is damaged ({reason}); encode again, and save that")
