"""RGE's training data: pairs of MMEB-train with a rationale of the query.

    rationales/A-OKVQA.json     [{"qry": ..., "qry_image_path": ..., "pos_text": ...,
                                  "pos_image_path": ..., "rationale": ...}, ...]

Established by the published loader: one JSON file for each subset, named for it, an array or JSON
Lines; these fields, with MMEB-train's texts; the prompts of both sides are rewritten while they are
read (`rge_prompts`); a placeholder of an image is deleted where there is no image; only the query
has a rationale, of plain prose; no hard negatives. The rationales themselves are not published.

Choices of this reader: a row without a rationale is an example without one; a subset that RGE does
not rewrite stays as it is; `rewrite = false` is for texts that are rewritten already. The newline
that ends every text of RGE is added by its renderer, not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from forethought.data.data_files import find_files
from forethought.data.example_line import DocumentLine, ExampleLine, QueryLine, RationaleLine
from forethought.data.mmeb_train import mmeb_content
from forethought.data.published_rows import open_rows
from forethought.data.rge_prompts import QUERIES, TARGETS, PromptRewrite
from forethought.data.row_source import FolderSource
from forethought.data.row_table import RowTable
from forethought.data.row_values import string
from forethought.renderers import Tag

_UNCHANGED = PromptRewrite()


@dataclass(frozen=True)
class RgeRationales(FolderSource):
    """Pairs with rationales of their queries, in tasks by the names of the files.

    `media` is the folder of MMEB-train.
    """

    rewrite: bool = field(default=True, kw_only=True)

    @cached_property
    def rows(self) -> RowTable:
        """The records of all files."""
        return open_rows(find_files(self.path, frozenset({".json", ".jsonl", ".parquet"})))

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Make an example of a record; see `RowSource.parse`."""
        texts = {
            "qry": self._text(values, "qry", QUERIES.get(file.stem)),
            "pos_text": self._text(values, "pos_text", TARGETS.get(file.stem)),
        }
        values = {**values, **texts}
        rationale = string(values, "rationale").strip()
        return ExampleLine(
            query=QueryLine(
                mmeb_content(values, "qry", "qry_image_path"),
                rationale=RationaleLine(rationale, "") if rationale else None,
            ),
            positives=(DocumentLine(mmeb_content(values, "pos_text", "pos_image_path")),),
            task=file.stem,
        )

    def _text(self, values: Mapping[str, object], key: str, rewrite: PromptRewrite | None) -> str:
        text = string(values, key).replace(Tag.IMAGE, "")
        return (rewrite or _UNCHANGED).apply(text) if self.rewrite else text
