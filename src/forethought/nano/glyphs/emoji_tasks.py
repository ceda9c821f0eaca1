"""Examples about emoji and icons: from words to pictures, from pictures to names and styles."""

import itertools
from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.concepts import Concept, Split
from forethought.nano.glyphs.hash_rng import draw, shuffled
from forethought.nano.glyphs.pairs import (
    INSTRUCTIONS,
    PICTURE,
    Pair,
    concept_name,
    concept_picture,
    concept_text,
)
from forethought.nano.glyphs.sources import EMOJI_STYLES

ICON_STYLE = "tabler"
LEAST_WORDS = 3

KEYWORD_VARIANTS = 2
"""How many keyword queries each picture gets."""

STYLE_PAIRS = 3
"""How many pairs of styles each concept gets."""


def emoji_pairs(catalogue: Catalogue, split: Split) -> Iterator[Pair]:
    """What is learned, or watched while learning, about emoji."""
    concepts = catalogue.of("emoji", split)
    for style in EMOJI_STYLES:
        for concept in catalogue.drawn(concepts, style):
            yield from _to_picture(concept, style, split)
            picture = concept_picture(INSTRUCTIONS["name"], style, concept)
            yield Pair("name", split, picture, concept_name(concept))
    clocks = catalogue.of("clock", split)
    for concept in [*concepts, *clocks]:
        yield from _style_pairs(catalogue, concept, split)


def icon_pairs(catalogue: Catalogue, split: Split) -> Iterator[Pair]:
    """What is learned, or watched while learning, about icons."""
    for concept in catalogue.drawn(catalogue.of("icon", split), ICON_STYLE):
        query = concept_text("icon", tag_query(concept, split), concept)
        yield Pair("icon", split, query, concept_picture(PICTURE, ICON_STYLE, concept))


def keyword_query(concept: Concept, *seed: str | int) -> str:
    """Three to six of a concept's keywords in any order."""
    return _some(concept, "keywords", *seed, most=6)


def tag_query(concept: Concept, *seed: str | int) -> str:
    """Three to five of an icon's tags in any order."""
    return _some(concept, "icon", *seed, most=5)


def _to_picture(concept: Concept, style: str, split: Split) -> Iterator[Pair]:
    document = concept_picture(PICTURE, style, concept)
    texts = [keyword_query(concept, split, style, turn) for turn in range(KEYWORD_VARIANTS)]
    for text in dict.fromkeys(texts):
        yield Pair("keywords", split, concept_text("keywords", text, concept), document)
    if concept.gloss:
        yield Pair("gloss", split, concept_text("gloss", concept.gloss, concept), document)


def _style_pairs(catalogue: Catalogue, concept: Concept, split: Split) -> Iterator[Pair]:
    drawn = [style for style in EMOJI_STYLES if style in catalogue.styles[concept.concept]]
    turns = [f"{one} {other}" for one, other in itertools.permutations(drawn, 2)]
    for turn in shuffled(turns, "style", concept.concept)[:STYLE_PAIRS]:
        one, other = turn.split()
        query = concept_picture(INSTRUCTIONS["style"], one, concept)
        yield Pair("style", split, query, concept_picture(PICTURE, other, concept))


def _some(concept: Concept, *seed: str | int, most: int) -> str:
    count = LEAST_WORDS + draw("count", concept.concept, *seed) % (most - LEAST_WORDS + 1)
    return ", ".join(shuffled(concept.keywords, concept.concept, *seed)[:count])
