"""What a glyph stands for: a name, keywords, a gloss, and where it belongs."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["emoji", "icon", "flag", "clock"]
Split = Literal["train", "dev", "test"]

MOST_KEYWORDS = 14

# Obscene, demeaning to people, or untrue of the people shown; read by eye from all keywords.
_UNFIT = {
    "af", "arab", "arabs", "ass", "bs", "butt", "cock", "crap", "crone", "dork", "fingering",
    "fml", "fu", "handicap", "handicapped", "jew", "litaf", "loser", "mansplaining", "molester",
    "phallic", "pissed", "shit", "turd", "virgin", "weirdo",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that several drawings show.

    Args:
        concept: its id; code points for emoji, `icon-alarm`, `flag-bo`.
        family: near-duplicates share one; a family is never cut by a split.
        split: `train` before the split files were read.
        keywords: lower case, most agreed-upon first, without the name itself.
        gloss: a definition of the name in this meaning; empty if none is known.
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
    """Keywords of several sources that anyone may read, those that more sources give first."""
    votes: dict[str, int] = {}
    for words in lists:
        for keyword in dict.fromkeys(_clean(word) for word in words):
            votes[keyword] = votes.get(keyword, 0) + 1
    votes.pop(_clean(name), None)
    said = [word for word in votes if any(letter.isalnum() for letter in word)]
    usable = [word for word in said if word not in _UNFIT]
    # A stable sort keeps the first source's order among equals.
    return tuple(sorted(usable, key=lambda word: -votes[word])[:MOST_KEYWORDS])


def _clean(word: str) -> str:
    plain = (
        word.replace("_", " ").replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"')
    )
    return " ".join(plain.lower().split())
