"""The columns of the built tables, and their rows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from forethought.files import atomic
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.pairs import EvalDocument, EvalQuery, PairRow, SideRow

Row = dict[str, Any]

_CONTENT = ("instruction", "text", "picture")
"""The columns of a side in the benchmark, which has no rationales."""
_SIDE = (*_CONTENT, "concept", "thinking", "answer")

PICTURES = pa.schema(
    [
        ("picture", pa.string()),
        ("concept", pa.string()),
        ("style", pa.string()),
        ("png", pa.binary()),
        ("package", pa.string()),
        ("licence", pa.string()),
        ("attribution", pa.string()),
    ]
)
CONCEPTS = pa.schema(
    [
        ("concept", pa.string()),
        ("kind", pa.string()),
        ("family", pa.string()),
        ("split", pa.string()),
        ("name", pa.string()),
        ("keywords", pa.list_(pa.string())),
        ("gloss", pa.string()),
        ("group", pa.string()),
        ("subgroup", pa.string()),
    ]
)
EXAMPLES = pa.schema(
    [("task", pa.string()), ("split", pa.string())]
    + [(f"{side}_{field}", pa.string()) for side in ("query", "document") for field in _SIDE]
)
QUERIES = pa.schema(
    [
        ("task", pa.string()),
        ("split", pa.string()),
        ("query_instruction", pa.string()),
        ("query_text", pa.string()),
        ("query_picture", pa.string()),
        ("relevant", pa.list_(pa.string())),
    ]
)
CANDIDATES = pa.schema(
    [
        ("task", pa.string()),
        ("split", pa.string()),
        ("document", pa.string()),
        ("document_instruction", pa.string()),
        ("document_text", pa.string()),
        ("document_picture", pa.string()),
    ]
)
NOUNS = pa.schema(
    [
        ("offset", pa.string()),
        ("name", pa.string()),
        ("gloss", pa.string()),
        ("kinds", pa.list_(pa.string())),
        ("split", pa.string()),
    ]
)
TEXTS = pa.schema([("text", pa.string())])
STATEMENTS = pa.schema([("text", pa.string()), ("start", pa.int32()), ("topic", pa.string())])


def write_table(path: Path, rows: Iterable[Row], schema: pa.Schema) -> None:
    """Write a Parquet file atomically; the same rows give the same bytes."""
    table = pa.Table.from_pylist(list(rows), schema=schema)
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def concept_row(concept: Concept) -> Row:
    """A row of `concepts.parquet`."""
    return {name: getattr(concept, name) for name in CONCEPTS.names}


def example_row(pair: PairRow) -> Row:
    """A row of `examples.parquet`."""
    row: Row = {"task": pair.task, "split": pair.split}
    return row | _columns("query", pair.query, _SIDE) | _columns("document", pair.document, _SIDE)


def query_row(query: EvalQuery) -> Row:
    """A row of `queries.parquet`."""
    row: Row = {"task": query.task, "split": query.split, "relevant": query.relevant}
    return row | _columns("query", query.query, _CONTENT)


def candidate_row(candidate: EvalDocument) -> Row:
    """A row of `candidates.parquet`."""
    row: Row = {"task": candidate.task, "split": candidate.split, "document": candidate.id}
    return row | _columns("document", candidate.document, _CONTENT)


def _columns(prefix: str, side: SideRow, fields: tuple[str, ...]) -> Row:
    return {f"{prefix}_{field}": getattr(side, field) for field in fields}
