"""Tables with the columns of Sentence Transformers: anchor, positive and negatives.

Established by its documentation: a column a text, in the order anchor (or query), positive, and
`negative` or `negative_1`, `negative_2`, ... of hard negatives, as its miner writes them. There the
order of columns decides; a value may be a picture, or a table of a text and a picture.

Choices of this reader: columns count by their names, and others are left aside; a string of a
column in `images` is the path of a picture, any other is a text; bytes, and pictures as `datasets`
stores them, are pictures anywhere. A list of strings is as many documents.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from forethought.config import build
from forethought.data.data_files import find_files
from forethought.data.example_line import DocumentLine, ExampleLine, QueryLine
from forethought.data.part_line import PartLine
from forethought.data.published_rows import TABLE_SUFFIXES, open_rows
from forethought.data.row_source import FolderSource
from forethought.data.row_table import RowTable
from forethought.errors import DataError

ANCHORS = ("anchor", "query")
POSITIVE = "positive"
_NEGATIVE = re.compile(r"negative(?:_\d+)?")


@dataclass(frozen=True)
class SentencePairs(FolderSource):
    """Pairs of JSON, CSV, TSV or Parquet files, all of one task."""

    task: str = field(default="default", kw_only=True)
    query_instruction: str = field(default="", kw_only=True)
    document_instruction: str = field(default="", kw_only=True)
    images: tuple[str, ...] = field(default=(), kw_only=True)

    @cached_property
    def rows(self) -> RowTable:
        """The rows."""
        return open_rows(find_files(self.path, TABLE_SUFFIXES))

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Make an example of a row; see `RowSource.parse`."""
        del file
        anchor = next((name for name in ANCHORS if name in values), "")
        if not anchor or POSITIVE not in values:
            raise DataError(
                f"no column {ANCHORS[0]!r} or {POSITIVE!r}, only {', '.join(values) or 'none'}; "
                "rename the columns"
            )
        query = list(self._contents(anchor, values[anchor]))
        if len(query) != 1:
            raise DataError(f"{anchor} must be one text or picture, got {len(query)}")
        return ExampleLine(
            query=QueryLine(query[0], self.query_instruction),
            positives=self._documents(POSITIVE, values[POSITIVE]),
            negatives=tuple(
                document
                for name, value in values.items()
                if _NEGATIVE.fullmatch(name)
                for document in self._documents(name, value)
            ),
            task=self.task,
        )

    def _documents(self, name: str, value: object) -> tuple[DocumentLine, ...]:
        contents = self._contents(name, value)
        return tuple(DocumentLine(content, self.document_instruction) for content in contents)

    def _contents(self, name: str, value: object) -> Iterator[tuple[PartLine, ...]]:
        """The content of each value of a list, or of the one value."""
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield tuple(_part({key: part}) for key, part in each.items() if part)
            elif each not in ("", None):
                is_image = name in self.images or isinstance(each, bytes)
                yield (_part({"image" if is_image else "text": each}),)


def _part(table: Mapping[str, object]) -> PartLine:
    return build(table, PartLine, where="")
