"""The words thought about a glyph: put together from annotations, the same for the same fact."""

import re

from forethought.nano.glyphs.clocks import Face, face_of, number, spoken, sum_statement
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.facts import Fact, listed, start
from forethought.nano.glyphs.groups import plain_group

MOST_WORDS = 24
MOST_GLOSS_WORDS = 12
RELATED = 3


def of_concept(concept: Concept) -> str:
    """What is thought of an emoji or icon: group, name, short gloss, related words.

    Of a clock face it is the time that it shows.
    """
    face = face_of(concept.concept)
    if face is not None:
        return of_clock(face)
    gloss = short_gloss(concept.gloss)
    related = _related(concept, gloss)
    told = _tell(concept, gloss, related)
    while _count(told) > MOST_WORDS and len(related) > 1:
        related = related[:-1]
        told = _tell(concept, gloss, related)
    return told if _count(told) <= MOST_WORDS else _tell(concept, "", related)


def short_gloss(gloss: str) -> str:
    """The first whole phrase of a gloss; empty if it has over `MOST_GLOSS_WORDS` words."""
    first = re.sub(r"\([^)]*\)", " ", gloss).split(";")[0].split(":")[0]
    words = first.strip(" ,").split()
    if len(words) > MOST_GLOSS_WORDS:
        # A cut must fall between phrases: "similar to but larger" would no longer be true.
        words = first.split(",")[0].split()
    return " ".join(words) if len(words) <= MOST_GLOSS_WORDS else ""


def of_flag(country: Country) -> str:
    """What is thought of a flag."""
    where = f", in {country.subregion}" if country.subregion else ""
    return f"It is the {country.flag}{where}."


def to_flag(told: list[str], country: Country) -> str:
    """What is thought on the way from facts to a flag."""
    return f"{' '.join(told)} The {country.flag}."


def from_flag(fact: Fact) -> str:
    """What is thought on the way from a flag to a fact."""
    return f"It is the {fact.country.flag}. {fact.forward}"


def of_answer(facts: list[Fact]) -> str:
    """What is thought of an answer on its own; the facts are all that it answers."""
    first = facts[0]
    if len(facts) == 1:
        return first.backward
    if first.relation == "demonym":
        lands = listed([fact.country.called for fact in facts], "or")
        return f"{first.answer} is what people from {lands} are called."
    return f"{start(_the(first))} is {_SORTS[first.relation]}."


def of_clock(face: Face) -> str:
    """What is thought of a clock face."""
    return f"The clock shows {spoken(face)}."


def of_time(face: Face) -> str:
    """What is thought of a time in words."""
    if face.half:
        return f"It is a time, thirty minutes past {number(face.hour)}."
    return f"It is a time, exactly {number(face.hour)}."


def of_sum(face: Face, hours: int) -> str:
    """What is thought on the way from a clock face to another time."""
    return f"{of_clock(face)} {sum_statement(face.hour, hours)}"


_SORTS = {
    "capital": "a capital",
    "currency": "a currency",
    "subregion": "a part of the world",
    "language": "a language",
}


def _the(fact: Fact) -> str:
    return f"the {fact.answer}" if fact.relation == "currency" else fact.answer


def _tell(concept: Concept, gloss: str, related: list[str]) -> str:
    wide = "icon" if concept.kind == "icon" else concept.group
    parts = [f"{start(plain_group(wide, concept.subgroup))}."]
    parts.append(f"It is {concept.name}: {gloss}." if gloss else f"It is {concept.name}.")
    if related:
        parts.append(f"Related: {', '.join(related)}.")
    return " ".join(parts)


def _related(concept: Concept, gloss: str) -> list[str]:
    said = _stems(f"{concept.name} {gloss} {plain_group(concept.group, concept.subgroup)}")
    chosen: list[str] = []
    for keyword in concept.keywords:
        stems = _stems(keyword)
        if stems and not stems <= said and len(keyword.split()) <= 2:
            chosen.append(keyword)
            said |= stems
    return chosen[:RELATED]


def _stems(text: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"\w+", text.lower())}


def _count(text: str) -> int:
    return len(text.split())
