"""The training pairs of the built data set with rationales that were selected."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from forethought.data import ExampleLines
from forethought.errors import DataError
from forethought.nano.glyph_examples import GlyphExamples
from forethought.types import Ending, Example, Rationale


@dataclass(frozen=True)
class SelectedGlyphs(GlyphExamples):
    """`GlyphExamples` whose queries have the rationales of a file of `forethought select`, or none.

    A line of `rationales` is about the pair of the same number; its query has the same words.

    Raises:
        DataError: at first use, if the file is about other pairs.
    """

    rationales: Path = field(kw_only=True)

    def __getitem__(self, index: int) -> Example:
        """The example of one pair."""
        return replace(super().__getitem__(index), rationale=self._selected[index])

    def __iter__(self) -> Iterator[Example]:
        return (self[index] for index in range(len(self)))

    @cached_property
    def _selected(self) -> tuple[Rationale | None, ...]:
        lines = list(ExampleLines(self.rationales))
        words = [" ".join(part.text or "" for part in line.query.content) for line in lines]
        if words != [pair.query_text for pair in self.pairs]:
            raise DataError(
                f"{self.rationales}: is about other pairs than {self.folder} has; select rationales "
                "for these"
            )
        found = (line.query.rationale for line in lines)
        return tuple(
            Rationale(one.thinking, one.answer, Ending.EMBED) if one else None for one in found
        )
