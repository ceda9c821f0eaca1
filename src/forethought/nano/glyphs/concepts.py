"""Concepts, the things that drawings depict, and the merging of their keywords."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["emoji", "icon", "flag", "clock"]
Split = Literal["train", "dev", "test"]

MOST_KEYWORDS = 14

# Obscene, demeaning to people, or untrue of the people drawn; chosen by eye from all keywords.
_UNFIT = {
    "af", "arab", "arabs", "ass", "bs", "butt", "cock", "crap", "crone", "dork", "fingering",
    "fml", "fu", "handicap", "handicapped", "jew", "litaf", "loser", "mansplaining", "molester",
    "phallic", "pissed", "shit", "turd", "virgin", "weirdo",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing of which there are drawings in several styles.

    Args:
        concept: its id: code points of an emoji, or such as `icon-alarm`, `flag-bo`.
        family: shared by near-duplicates; all of a family are in one split.
        split: `train` until `assign` sets it from the split files.
        keywords: lower case, those of most sources first, without the name itself.
        gloss: a definition of the name in this meaning; empty if there is none.
    """

    concept: str
    kind: Kind
    family: str
    split: Split
    name: str
    keywords: tuple[str, ...]
    gloss: str
    group: str
    subgroup: str


def merge_keywords(name: str, lists: list[list[str]]) -> tuple[str, ...]:
    """Merge the keywords of several sources, those of more sources first, unfit ones left out."""
    votes: dict[str, int] = {}
    for words in lists:
        for keyword in dict.fromkeys(_clean(word) for word in words):
            votes[keyword] = votes.get(keyword, 0) + 1
    votes.pop(_clean(name), None)
    worded = [word for word in votes if any(letter.isalnum() for letter in word)]
    usable = [word for word in worded if word not in _UNFIT]
    # A stable sort keeps the first source's order among equals.
    return tuple(sorted(usable, key=lambda word: -votes[word])[:MOST_KEYWORDS])


def _clean(word: str) -> str:
    plain = (
        word.replace("_", " ").replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"')
    )
    return " ".join(plain.lower().split())
