"""Plain texts: facts to be read, and short phrases that teach the text side."""

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.clocks import all_sums
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.facts import statements
from forethought.nano.glyphs.hash_rng import draw, shuffled
from forethought.nano.glyphs.wordnet import Nouns

MIXES = 5000
GLOSSES = 5000
LONGEST = 160
"""The most characters of a text; longer glosses are left out."""


def all_statements(catalogue: Catalogue) -> list[str]:
    """Every fact of every country and every sum of hours, also those never asked."""
    told = [words for country in catalogue.countries for words in statements(country)]
    return list(dict.fromkeys([*told, *all_sums()]))


def all_texts(catalogue: Catalogue, nouns: Nouns) -> list[str]:
    """Mixed keywords, names and glosses, none of them of a concept that is kept back."""
    learned = [one for one in catalogue.concepts if one.split == "train"]
    held = [one for one in catalogue.concepts if one.split == "test"]
    names = [one.name for one in learned]
    hidden = {one.name for one in held} | {one.gloss for one in held}
    glosses = [
        f"{lemma}: {gloss}"
        for lemma, gloss in nouns.frequent(GLOSSES)
        if lemma not in hidden and gloss not in hidden and len(gloss) <= LONGEST
    ]
    lists = {", ".join(one.keywords) for one in held}
    found = dict.fromkeys([*_mixes(learned), *names, *glosses])
    return [text for text in found if text not in lists and text not in hidden]


def _mixes(concepts: list[Concept]) -> list[str]:
    words = sorted({word for one in concepts for word in one.keywords})
    mixes = []
    for turn in range(MIXES):
        count = 3 + draw("mix", turn) % 4
        chosen = [words[draw("mix", turn, place) % len(words)] for place in range(count)]
        mixes.append(", ".join(shuffled(dict.fromkeys(chosen), "mix", turn)))
    return mixes
