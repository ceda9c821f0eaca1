"""Examples from tar shards in the layout of WebDataset."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from forethought.data.data_files import find_files
from forethought.data.example_line import DocumentLine, ExampleLine, QueryLine, build_line
from forethought.data.part_line import MediaData, PartLine
from forethought.data.row_source import RowSource
from forethought.data.row_table import Where
from forethought.data.tar_rows import TarRows
from forethought.media import is_data_url

Rename = Callable[[MediaData], MediaData]
Group = TypeVar("Group", QueryLine, DocumentLine)


@dataclass(frozen=True)
class ShardMembers:
    """The members of one shard, by their names behind that of the shard: `001.tar/cat.jpg`."""

    rows: TarRows
    file: int
    prefix: str

    def has(self, name: str) -> bool:
        return self.rows.has(self.file, self._member(name))

    def get(self, name: str) -> bytes:
        return self.rows.member(self.file, self._member(name))

    def missing(self, name: str) -> str:
        return f"{self._member(name)}: no such member of {self.rows.files[self.file]}"

    def _member(self, name: str) -> str:
        return name.removeprefix(self.prefix)


@dataclass(frozen=True)
class Webdataset(RowSource):
    """Tar files in which every `KEY.json` is an example whose media are members of the same file.

    The JSON is a line as in JSON Lines; a path in it is the full name of a member, such as
    `KEY.query.jpg`. Members are read where they lie, so the files are not compressed. Members that
    no example names are left aside.
    """

    @cached_property
    def rows(self) -> TarRows:
        """The JSON members."""
        return TarRows(find_files(self.path, frozenset({".tar"})))

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Build an example; its media are named behind their shard, since two may share names."""

        def rename(name: MediaData) -> MediaData:
            is_member = isinstance(name, str) and not is_data_url(name)
            return f"{self._prefix(file)}{name!s}" if is_member else name

        line = build_line(values)
        return replace(
            line,
            query=_renamed(line.query, rename),
            positives=tuple(_renamed(each, rename) for each in line.positives),
            negatives=tuple(_renamed(each, rename) for each in line.negatives),
        )

    def media_of(self, where: Where) -> ShardMembers:
        """The members of the row's shard."""
        return ShardMembers(self.rows, where.file, self._prefix(self.rows.files[where.file]))

    def _prefix(self, file: Path) -> str:
        return f"{file.relative_to(self._folder).as_posix()}/"

    @cached_property
    def _folder(self) -> Path:
        return Path(os.path.commonpath([file.parent for file in self.rows.files]))


def _renamed(side: Group, rename: Rename) -> Group:
    if not any(part.has_media for part in side.content):
        return side
    return replace(side, content=tuple(_part(part, rename) for part in side.content))


def _part(part: PartLine, rename: Rename) -> PartLine:
    if not part.has_media:
        return part
    frames = part.frames and tuple(map(rename, part.frames))
    image, video, pdf = (each and rename(each) for each in (part.image, part.video, part.pdf))
    return replace(part, image=image, video=video, pdf=pdf, frames=frames)
