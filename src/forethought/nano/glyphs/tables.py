"""Rows on disk: Parquet files that are whole or not there, with the same bytes every time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.pairs import Candidate, EvalQuery, Pair, Side

Row = dict[str, Any]

_SIDE = ("instruction", "text", "picture", "concept", "thinking", "answer")

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
TEXTS = pa.schema([("text", pa.string())])


def write_table(path: Path, rows: Iterable[Row], schema: pa.Schema) -> None:
    """A Parquet file, under its own name only once it is whole."""
    table = pa.Table.from_pylist(list(rows), schema=schema)
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)


def write_text(path: Path, text: str) -> None:
    """A text file, under its own name only once it is whole."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def concept_row(concept: Concept) -> Row:
    """A concept as a row."""
    return {name: getattr(concept, name) for name in CONCEPTS.names}


def pair_row(pair: Pair) -> Row:
    """A pair as a row of `examples.parquet`."""
    row: Row = {"task": pair.task, "split": pair.split}
    for side, shown in (("query", pair.query), ("document", pair.document)):
        row |= {f"{side}_{field}": getattr(shown, field) for field in _SIDE}
    return row


def trial_row(trial: EvalQuery) -> Row:
    """A benchmark query as a row."""
    row: Row = {"task": trial.task, "split": trial.split, "relevant": trial.relevant}
    return row | _shown("query", trial.query)


def candidate_row(candidate: Candidate) -> Row:
    """A benchmark document as a row."""
    row: Row = {"task": candidate.task, "split": candidate.split, "document": candidate.id}
    return row | _shown("document", candidate.document)


def _shown(side: str, shown: Side) -> Row:
    # A benchmark shows no rationale: to think is the model's part.
    return {f"{side}_{field}": getattr(shown, field) for field in _SIDE[:3]}
