"""The inputs of every task: concepts with the styles they are drawn in, countries, splits."""

from collections.abc import Iterable
from dataclasses import dataclass

from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.splits import Splits


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Concepts, countries and splits, from which pairs and queries are made.

    Args:
        styles: the styles that each concept is drawn in.
    """

    concepts: tuple[Concept, ...]
    styles: dict[str, frozenset[str]]
    countries: tuple[Country, ...]
    splits: Splits

    def of(self, kind: str, split: str) -> list[Concept]:
        """The concepts of one kind and split."""
        return [one for one in self.concepts if one.kind == kind and one.split == split]

    def drawn(self, concepts: Iterable[Concept], style: str) -> list[Concept]:
        """The concepts among these that are drawn in a style."""
        return [one for one in concepts if style in self.styles.get(one.concept, frozenset())]
