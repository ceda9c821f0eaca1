"""The published data of UME-R1's second stage, `zhibinlan/UME-rl-train`.

Established by the published loader: the columns `dataset`, `dataset_name`, `qry_text`, `qry_image`,
`qry_video`, `solution` and the same of `pos`; texts are tasks without tags; a video is a list of
frames; `""` and `[""]` mean that there is none; no rationales. The order of the rows decides which
pairs are negatives of each other there, since its batches are consecutive; here batches are drawn.

Choices of this reader: of a side with an image and a video both are read (the published loader
drops the video); `solution`, which is the same in every row, is left aside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forethought.data.data_files import find_files
from forethought.data.example_line import DocumentLine, ExampleLine, QueryLine
from forethought.data.part_line import PartLine
from forethought.data.published_rows import open_rows
from forethought.data.row_source import FolderSource
from forethought.data.row_table import RowTable
from forethought.data.row_values import image_and_text, string, strings, video


@dataclass(frozen=True)
class UmeR1Rl(FolderSource):
    """Pairs without rationales, in tasks by `dataset_name`.

    `media` is the folder of the images.
    """

    @cached_property
    def rows(self) -> RowTable:
        """The records."""
        return open_rows(find_files(self.path, frozenset({".json", ".jsonl", ".parquet"})))

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Make an example of a record; see `RowSource.parse`."""
        del file
        return ExampleLine(
            query=QueryLine(_content(values, "qry")),
            positives=(DocumentLine(_content(values, "pos")),),
            task=string(values, "dataset_name") or string(values, "dataset") or "default",
        )


def _content(values: Mapping[str, object], side: str) -> tuple[PartLine, ...]:
    text = string(values, f"{side}_text")
    images = strings(values, f"{side}_image")
    return (*video(strings(values, f"{side}_video")), *image_and_text(images, text))
