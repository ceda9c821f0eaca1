"""Plain texts for training: names, glosses and mixed keywords."""

from collections.abc import Sequence

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.hash_rng import draw, shuffled
from forethought.nano.glyphs.nouns import Noun, noun_texts

MIXES = 5000


def all_texts(catalogue: Catalogue, things: Sequence[Noun]) -> list[str]:
    """Mixed keywords, names and glosses, without those of held-out concepts and things."""
    train = [one for one in catalogue.concepts if one.split == "train"]
    held = [one for one in catalogue.concepts if one.split == "test"]
    names = [one.name for one in train]
    hidden = {one.name for one in held} | {one.gloss for one in held}
    hidden |= {one.name for one in things if one.split == "test"}
    lists = {", ".join(one.keywords) for one in held}
    found = dict.fromkeys([*_mixes(train), *names, *noun_texts(things)])
    return [text for text in found if text not in lists and text not in hidden]


def _mixes(concepts: list[Concept]) -> list[str]:
    words = sorted({word for one in concepts for word in one.keywords})
    mixes = []
    for turn in range(MIXES):
        count = 3 + draw("mix", turn) % 4
        chosen = [words[draw("mix", turn, index) % len(words)] for index in range(count)]
        mixes.append(", ".join(shuffled(dict.fromkeys(chosen), "mix", turn)))
    return mixes
