"""The training data of VLM2Vec, `TIGER-Lab/MMEB-train`.

    MMEB-train/
      A-OKVQA/original-00000-of-00001.parquet     a folder for each subset, a file for each split
      images/A-OKVQA/Train/...                    the unpacked images, at the paths that rows name

Established by the published files and loader: the splits `original`, `diverse_instruction` and
`train`; the columns `qry`, `qry_image_path`, `pos_text`, `pos_image_path`, `neg_text`,
`neg_image_path`, of strings, `""` for none; texts begin with their instruction, and `<|image_1|>`
stands where Phi-3 has the image, in some rows where there is no image too. The published training
does not use the negatives by default. A list of negatives spelled as one
text is from the data sets of hard negatives that were mined for MMEB.

Choices of this reader: the placeholder is left out, and a text has no white space around it; an
image comes before its text; the instruction stays in the text; the task is the subset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

from forethought.data.data_files import find_files
from forethought.data.example_line import DocumentLine, ExampleLine, QueryLine
from forethought.data.part_line import PartLine
from forethought.data.published_rows import TABLE_SUFFIXES, open_rows
from forethought.data.row_source import FolderSource
from forethought.data.row_table import RowTable
from forethought.data.row_values import (
    IMAGE_PLACEHOLDER,
    image_and_text,
    spelled_list,
    string,
    strings,
)
from forethought.errors import DataError


@dataclass(frozen=True)
class MmebTrain(FolderSource):
    """Pairs of the subsets of a folder, or of one file of them, in tasks by subset.

    `subsets` are some of them, by default all; `negatives` reads the hard negatives. Paths of
    media are relative to `path`, or of a file to the folder of its subset's folder.
    """

    split: str = field(default="original", kw_only=True)
    subsets: tuple[str, ...] = field(default=(), kw_only=True)
    negatives: bool = field(default=True, kw_only=True)

    @cached_property
    def rows(self) -> RowTable:
        """The rows of all files."""
        if not self.path.is_dir():
            return open_rows(find_files(self.path, TABLE_SUFFIXES))
        files = sorted(self.path.glob(f"*/{self.split}-*.parquet"))
        found = sorted({file.parent.name for file in files})
        unknown = sorted(set(self.subsets) - set(found))
        if unknown or not files:
            raise DataError(
                f"{self.path}: no {unknown[0] if unknown else 'SUBSET'}/{self.split}-*.parquet; "
                f"there are {', '.join(found) or 'no subsets'}"
            )
        return open_rows(
            tuple(f for f in files if not self.subsets or f.parent.name in self.subsets)
        )

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Make an example of a row; see `RowSource.parse`."""
        return ExampleLine(
            query=QueryLine(mmeb_content(values, "qry", "qry_image_path")),
            positives=(DocumentLine(mmeb_content(values, "pos_text", "pos_image_path")),),
            negatives=tuple(map(DocumentLine, _negatives(values))) if self.negatives else (),
            task=file.parent.name,
        )

    def _default_media(self) -> Path:
        return self.path if self.path.is_dir() else self.rows.files[0].parent.parent


def mmeb_content(values: Mapping[str, object], text: str, image: str) -> tuple[PartLine, ...]:
    """An image and a text of MMEB, by the names of their columns.

    Raises:
        DataError: if one is no string.
    """
    return _parts(string(values, text), string(values, image))


def _parts(text: str, image: str) -> tuple[PartLine, ...]:
    return image_and_text((image,), text.replace(IMAGE_PLACEHOLDER, ""))


def _negatives(values: Mapping[str, object]) -> list[tuple[PartLine, ...]]:
    texts, images = (
        [each for text in strings(values, key) for each in spelled_list(text)]
        for key in ("neg_text", "neg_image_path")
    )
    found = (_parts(text, image) for text, image in zip_longest(texts, images, fillvalue=""))
    return list(dict.fromkeys(content for content in found if content))
