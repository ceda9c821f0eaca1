"""Plain texts for training: names, glosses and mixed keywords."""

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.hash_rng import draw, shuffled
from forethought.nano.glyphs.wordnet import Nouns

MIXES = 5000
GLOSSES = 5000
LONGEST = 160
"""The most characters of a gloss; longer ones are left out."""


def all_texts(catalogue: Catalogue, nouns: Nouns) -> list[str]:
    """Mixed keywords, names and glosses, without those of held-out concepts."""
    train = [one for one in catalogue.concepts if one.split == "train"]
    held = [one for one in catalogue.concepts if one.split == "test"]
    names = [one.name for one in train]
    hidden = {one.name for one in held} | {one.gloss for one in held}
    glosses = [
        f"{lemma}: {gloss}"
        for lemma, gloss in nouns.frequent(GLOSSES)
        if lemma not in hidden and gloss not in hidden and len(gloss) <= LONGEST
    ]
    lists = {", ".join(one.keywords) for one in held}
    found = dict.fromkeys([*_mixes(train), *names, *glosses])
    return [text for text in found if text not in lists and text not in hidden]


def _mixes(concepts: list[Concept]) -> list[str]:
    words = sorted({word for one in concepts for word in one.keywords})
    mixes = []
    for turn in range(MIXES):
        count = 3 + draw("mix", turn) % 4
        chosen = [words[draw("mix", turn, index) % len(words)] for index in range(count)]
        mixes.append(", ".join(shuffled(dict.fromkeys(chosen), "mix", turn)))
    return mixes
