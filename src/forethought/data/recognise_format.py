"""Which known source a path is for, where that is certain."""

from collections.abc import Collection, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from forethought.data.data_files import find_files
from forethought.data.published_rows import TABLE_SUFFIXES, open_rows
from forethought.data.sentence_pairs import ANCHORS, POSITIVE
from forethought.errors import DataError
from forethought.types import ignore_progress

_BY_SUFFIX: Mapping[str, str] = MappingProxyType({".lance": "lance", ".tar": "webdataset"})
_EXAMPLE: Mapping[str, str] = MappingProxyType(
    {".json": "json_lines", ".jsonl": "json_lines", ".parquet": "parquet"}
)
"""The sources of the documented format, by the suffixes of their files."""
_BY_COLUMNS: tuple[tuple[str, frozenset[str]], ...] = (
    ("ume_r1_sft", frozenset({"qry", "pos"})),
    ("ume_r1_rl", frozenset({"qry_text", "pos_text"})),
    ("rge", frozenset({"qry", "pos_text", "rationale"})),
    ("mmeb_train", frozenset({"qry", "qry_image_path", "pos_text"})),
    *(("sentence_transformers", frozenset({anchor, POSITIVE})) for anchor in ANCHORS),
)
_FOLDERS = ("*.tar", "*.lance", "*.jsonl", "*.json", "*.parquet", "*.csv", "*.tsv", "*/*.parquet")
"""What a folder is looked through for, in this order."""
_NUM_ROWS = 20  # rows whose columns are looked at


def recognise_format(path: Path) -> str:
    """The name, in `SOURCES`, of the source that reads a path: by suffix, then by columns.

    Raises:
        DataError: if it is not certain, or the path cannot be read.
    """
    file = _first_file(path)
    suffix = file.suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix not in TABLE_SUFFIXES:
        raise DataError(
            f"{path}: no known format ends in {suffix!r}; known: "
            f"{', '.join(sorted({*_BY_SUFFIX, *TABLE_SUFFIXES}))}, or name one with --format"
        )
    columns = _columns(file)
    for name, wanted in _BY_COLUMNS:
        if wanted <= set(columns):
            return name
    if suffix not in _EXAMPLE:
        raise DataError(
            f"{path}: columns {', '.join(columns) or 'none'} are of no known format; rename them to "
            f"{ANCHORS[0]} and {POSITIVE}, or name one with --format"
        )
    return _EXAMPLE[suffix]


def _first_file(path: Path) -> Path:
    if path.suffix.lower() in _BY_SUFFIX:
        return path
    if not path.is_dir():
        return find_files(path, frozenset())[0]
    for pattern in _FOLDERS:
        found = sorted(path.glob(pattern))
        if found:
            return found[0]
    raise DataError(f"{path}: a folder without data; it is looked through for {' '.join(_FOLDERS)}")


def _columns(file: Path) -> Collection[str]:
    """The keys of the first rows: one of them may lack a value."""
    rows = islice(open_rows((file,)).scan(ignore_progress), _NUM_ROWS)
    return dict.fromkeys(key for row in rows for key in row.values or ())
