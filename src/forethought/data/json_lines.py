"""Examples from JSON Lines files; see `ExampleLine` for the format."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forethought.data.data_files import find_files
from forethought.data.example_line import ExampleLine, build_line
from forethought.data.json_rows import JsonRows, row_of
from forethought.data.row_source import FolderSource
from forethought.data.row_table import Where
from forethought.errors import DataError


@dataclass(frozen=True)
class JsonLines(FolderSource):
    """One example a line, or one array of examples."""

    @cached_property
    def rows(self) -> JsonRows:
        """The lines."""
        return JsonRows(find_files(self.path, frozenset({".jsonl", ".json"})))

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Build the example of a line; see `RowSource.parse`."""
        del file
        return build_line(values)


def parse_line(text: bytes, place: str) -> ExampleLine:
    """The example of one line; `place` names it in errors.

    Raises:
        DataError: if it is not JSON, or not an example.
    """
    row = row_of(Where(0, 0, 0, len(text)), text)
    if row.values is None:
        raise DataError(f"{place}: {row.fault}")
    try:
        return build_line(row.values)
    except DataError as error:
        raise DataError(f"{place}: {error}") from None
