"""Examples about emoji and icons: from words to pictures, to names, to other styles."""

import itertools
from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.concepts import Concept, Split
from forethought.nano.glyphs.hash_rng import draw, shuffled
from forethought.nano.glyphs.pairs import (
    INSTRUCTIONS,
    PICTURE,
    PairRow,
    concept_name,
    concept_picture,
    concept_text,
)
from forethought.nano.glyphs.sources import EMOJI_STYLES

ICON_STYLE = "tabler"
LEAST_WORDS = 3

KEYWORD_VARIANTS = 2
"""The number of keyword queries for each picture."""

STYLE_PAIRS = 3
"""The number of pairs of styles for each concept."""


def emoji_pairs(catalogue: Catalogue, split: Split) -> Iterator[PairRow]:
    """Pair emoji of a split with keywords, glosses, names and other styles."""
    concepts = catalogue.of("emoji", split)
    for style in EMOJI_STYLES:
        for concept in catalogue.drawn(concepts, style):
            yield from _to_picture(concept, style, split)
            picture = concept_picture(INSTRUCTIONS["name"], style, concept)
            yield PairRow("name", split, picture, concept_name(concept))
    clocks = catalogue.of("clock", split)
    for concept in [*concepts, *clocks]:
        yield from _style_pairs(catalogue, concept, split)


def icon_pairs(catalogue: Catalogue, split: Split) -> Iterator[PairRow]:
    """Pair icons of a split with their tags."""
    for concept in catalogue.drawn(catalogue.of("icon", split), ICON_STYLE):
        query = concept_text("icon", tag_query(concept, split), concept)
        yield PairRow("icon", split, query, concept_picture(PICTURE, ICON_STYLE, concept))


def keyword_query(concept: Concept, *seed: str | int) -> str:
    """Draw three to six of a concept's keywords, shuffled."""
    return _some(concept, "keywords", *seed, most=6)


def tag_query(concept: Concept, *seed: str | int) -> str:
    """Draw three to five of an icon's tags, shuffled."""
    return _some(concept, "icon", *seed, most=5)


def _to_picture(concept: Concept, style: str, split: Split) -> Iterator[PairRow]:
    document = concept_picture(PICTURE, style, concept)
    texts = [keyword_query(concept, split, style, turn) for turn in range(KEYWORD_VARIANTS)]
    for text in dict.fromkeys(texts):
        yield PairRow("keywords", split, concept_text("keywords", text, concept), document)
    if concept.gloss:
        yield PairRow("gloss", split, concept_text("gloss", concept.gloss, concept), document)


def _style_pairs(catalogue: Catalogue, concept: Concept, split: Split) -> Iterator[PairRow]:
    drawn = [style for style in EMOJI_STYLES if style in catalogue.styles[concept.concept]]
    turns = [f"{one} {other}" for one, other in itertools.permutations(drawn, 2)]
    for turn in shuffled(turns, "style", concept.concept)[:STYLE_PAIRS]:
        one, other = turn.split()
        query = concept_picture(INSTRUCTIONS["style"], one, concept)
        yield PairRow("style", split, query, concept_picture(PICTURE, other, concept))


def _some(concept: Concept, *seed: str | int, most: int) -> str:
    count = LEAST_WORDS + draw("count", concept.concept, *seed) % (most - LEAST_WORDS + 1)
    return ", ".join(shuffled(concept.keywords, concept.concept, *seed)[:count])
