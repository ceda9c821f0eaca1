"""Examples of the rows of files: indexed and checked at first use, read when they are drawn."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, NoReturn

from forethought.data.example_line import ExampleLine
from forethought.data.example_source import ExampleKey
from forethought.data.media_store import MediaFolder, MediaStore
from forethought.data.row_index import RowIndex
from forethought.data.row_table import RawRow, RowTable, Where
from forethought.data.shard import Shard
from forethought.data.skip_log import SkipLog
from forethought.errors import ConfigError, ContentError, DataError
from forethought.types import Example, Progress, ignore_progress


class OnError(StrEnum):
    """What a source does with a row that is no example, or whose media cannot be opened."""

    RAISE = "raise"
    """It stops."""
    SKIP = "skip"
    """The row is named in the log, counted, and left out; no other takes its place."""


class SkippedRowError(DataError):
    """A row that was drawn is of no use, and its source skips such rows.

    Its media cannot be opened, or it is too long. A batch is drawn without it.
    """


class ParsedRow(NamedTuple):
    """A row as an example, or what is wrong with it; `place` names it in messages."""

    where: Where
    place: str
    line: ExampleLine | None
    fault: str = ""


@dataclass(frozen=True)
class RowSource(ABC):
    """Examples of files, each one row.

    At first use every row is checked; where it is and its key stay in memory. Then a row is read
    again when it is drawn, and its media are opened. `path` is a file, a folder of files, a
    pattern (`*`, `?`), a range (`{000..003}`) or a list (`{cats,dogs}`).
    """

    path: Path
    on_error: OnError = field(default=OnError.RAISE, kw_only=True)

    @cached_property
    @abstractmethod
    def rows(self) -> RowTable:
        """The rows, unparsed."""

    @abstractmethod
    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Make an example of a row of a file.

        Raises:
            ValueError: if it is none.
        """

    @abstractmethod
    def media_of(self, where: Where) -> MediaStore:
        """Where the media of a row are found."""

    @property
    def skipped(self) -> int:
        """The number of rows that were left out so far, each counted once."""
        return len(self._skip_log)

    def parsed_rows(self, progress: Progress = ignore_progress) -> Iterator[ParsedRow]:
        """Every row in order, also those that are no examples; opens no media.

        Raises:
            DataError: if a file cannot be read, or not to its end.
        """
        return map(self._parsed, self.rows.scan(progress))

    def iter_keys(self) -> Iterator[ExampleKey]:
        """The key of every example in order; opens no media."""
        return self._index.keys()

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: int) -> Example:
        """Read one example and open its media.

        Raises:
            IndexError: if there is none with that index.
            SkippedRowError: if its media cannot be opened, and `on_error` is "skip".
            DataError: if they cannot be opened otherwise.
        """
        row = self._parsed(self.rows.read(self._index.where(index)))
        if row.line is None:
            raise self._rejection(row.place, row.fault)
        try:
            return row.line.example(self.media_of(row.where))
        except ContentError as error:
            raise self._rejection(row.place, str(error)) from None

    def reject(self, index: int, fault: str) -> NoReturn:
        """Refuse an example that is of no use to training, or leave it out.

        Raises:
            SkippedRowError: if `on_error` is "skip".
            DataError: otherwise.
        """
        raise self._rejection(self.rows.place(self._index.where(index)), fault)

    def _rejection(self, place: str, fault: str) -> DataError:
        if self.on_error is OnError.RAISE:
            return DataError(f"{place}: {fault}")
        self._skip_log.add(place, fault)
        return SkippedRowError(f"{place}: {fault}")

    def __iter__(self) -> Iterator[Example]:
        """Read every example in order; one whose media cannot be opened is skipped or raises."""
        for index in range(len(self)):
            try:
                example = self[index]
            except SkippedRowError:
                continue
            yield example

    def shard(self, rank: int, world_size: int) -> Shard:
        """The part of one of `world_size` processes."""
        return Shard(self, rank, world_size)

    @cached_property
    def _skip_log(self) -> SkipLog:
        return SkipLog(str(self.path))

    @cached_property
    def _index(self) -> RowIndex:
        index = RowIndex()
        for row in self.parsed_rows():
            fault = row.fault
            if row.line is not None:
                media = self.media_of(row.where)
                fault = next(map(media.missing, row.line.missing(media)), "")
            if row.line is None or fault:
                if self.on_error is OnError.RAISE:
                    raise DataError(f"{row.place}: {fault}")
                self._skip_log.add(row.place, fault)
                continue
            index.add(row.where, ExampleKey(row.line.task, row.line.positives[0].resolved_label))
        self._skip_log.log_count(len(index))
        return index

    def _parsed(self, row: RawRow) -> ParsedRow:
        place = self.rows.place(row.where)
        if row.values is None:
            return ParsedRow(row.where, place, None, row.fault)
        try:
            line = self.parse(row.values, self.rows.files[row.where.file])
        except ValueError as error:
            return ParsedRow(row.where, place, None, str(error))
        return ParsedRow(row.where, place, line)


@dataclass(frozen=True)
class FolderSource(RowSource):
    """Rows that name media by paths; they are relative to `media`, or else to the rows' folder."""

    media: Path | None = field(default=None, kw_only=True)

    def media_of(self, where: Where) -> MediaStore:
        """The folder of the media; the same for all rows."""
        del where
        return self._media

    @cached_property
    def _media(self) -> MediaFolder:
        return MediaFolder(self.media or self._default_media())

    def _default_media(self) -> Path:
        folders = {file.parent for file in self.rows.files}
        if len(folders) > 1:
            raise ConfigError(
                f"{self.path}: files of {len(folders)} folders; name the one to which paths of "
                "media are relative: media = ..."
            )
        return folders.pop()
