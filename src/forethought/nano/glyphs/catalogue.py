"""Everything that examples are made from: concepts with their styles, countries, splits."""

from collections.abc import Iterable
from dataclasses import dataclass

from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.splits import Splits


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Concepts, the pictures there are of them, countries, and what is kept back.

    Args:
        styles: the styles a concept is drawn in.
    """

    concepts: tuple[Concept, ...]
    styles: dict[str, frozenset[str]]
    countries: tuple[Country, ...]
    splits: Splits

    def of(self, kind: str, split: str) -> list[Concept]:
        """The concepts of a kind in a split."""
        return [one for one in self.concepts if one.kind == kind and one.split == split]

    def drawn(self, concepts: Iterable[Concept], style: str) -> list[Concept]:
        """Those concepts that there is a picture of in a style."""
        return [one for one in concepts if style in self.styles.get(one.concept, frozenset())]
