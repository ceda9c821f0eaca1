"""WordNet's names of things that can be seen, as pairs of words and pseudo-pictures.

A pseudo-picture has no drawing. Its id stands where a picture's would, and the vector of its name
takes the place of what the frozen network says of a picture: `forethought.nano.picture_features`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from forethought.nano.glyphs.concepts import Concept, Split
from forethought.nano.glyphs.hash_rng import draw, share
from forethought.nano.glyphs.pairs import INSTRUCTIONS, PICTURE, TEXT, PairRow, SideRow
from forethought.nano.glyphs.thinking import short_gloss
from forethought.nano.glyphs.wordnet import Nouns, Synset

PSEUDO = "noun/"
"""What the id of every pseudo-picture starts with."""

MOST_NOUNS = 20_000
_TEST, _DEV = 0.05, 0.005
_PHYSICAL = "physical entity"


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing with a name.

    Args:
        kinds: the names of its hypernyms, the nearest first.
    """

    offset: str
    name: str
    gloss: str
    kinds: tuple[str, ...]
    split: Split

    @property
    def picture(self) -> str:
        """The id of its pseudo-picture."""
        return f"{PSEUDO}{self.offset}"

    @property
    def thinking(self) -> str:
        """What it is, in a sentence."""
        return f"It is {self.with_article}, a kind of {self.kinds[0]}."

    @property
    def with_article(self) -> str:
        """Its name as one of its kind."""
        return f"{'an' if self.name[0].lower() in 'aeiou' else 'a'} {self.name}"


def read_things(nouns: Nouns, concepts: Iterable[Concept]) -> list[Noun]:
    """The commonest things, at most `MOST_NOUNS`.

    The name of a concept of the test split is held out with it, and so is a share of the others.
    """
    held = {one.name.lower() for one in concepts if one.split == "test"}
    found = []
    for synset in nouns.things(_PHYSICAL):
        split = "test" if synset.name.lower() in held else _drawn(synset)
        found.append(Noun(synset.offset, synset.name, synset.gloss, synset.kinds, split))
    return found[:MOST_NOUNS]


def noun_texts(things: Iterable[Noun]) -> Iterator[str]:
    """The words of the things in training, for what is taught about texts alone."""
    for one in things:
        if one.split == "train":
            yield from (*_texts(one), f"{one.name}: {one.gloss}", *one.kinds)


def noun_pairs(things: Iterable[Noun], split: Split) -> Iterator[PairRow]:
    """Pair the pseudo-pictures of a split with what names, describes or contains them."""
    for one in things:
        if one.split != split:
            continue
        document = _side(one, PICTURE, picture=one.picture)
        for text in _texts(one):
            yield PairRow("noun", split, _side(one, INSTRUCTIONS["keywords"], text=text), document)
        query = _side(one, INSTRUCTIONS["name"], picture=one.picture)
        yield PairRow("noun_name", split, query, _side(one, TEXT, text=one.name))


def _texts(one: Noun) -> list[str]:
    """Its name as a searcher may write it, and its gloss."""
    worded = (one.name, one.with_article, f"{one.name}, {one.kinds[0]}")
    named = worded[draw("noun", one.offset) % len(worded)]
    gloss = short_gloss(one.gloss)
    return [named, gloss] if gloss else [named]


def _side(one: Noun, instruction: str, *, text: str = "", picture: str = "") -> SideRow:
    return SideRow(instruction, text, picture, one.picture, one.thinking, one.name)


def _drawn(synset: Synset) -> Split:
    drawn = share("noun", synset.offset)
    if drawn < _TEST:
        return "test"
    return "dev" if drawn < _TEST + _DEV else "train"
