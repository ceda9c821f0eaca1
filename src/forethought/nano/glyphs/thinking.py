"""Compose the thinking text of rationales from published annotations, without a model."""

import re

from forethought.nano.glyphs.clocks import Face, face_of, number, spoken, sum_statement
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.facts import Fact, capitalise, join_words
from forethought.nano.glyphs.groups import plain_group

MOST_WORDS = 24
MOST_GLOSS_WORDS = 12
RELATED = 3


def concept_thinking(concept: Concept) -> str:
    """Describe an emoji or icon by group, name, short gloss and related words.

    A clock face is described by its time. Related words, then the gloss, are dropped where the
    text would be longer than `MOST_WORDS`.
    """
    face = face_of(concept.concept)
    if face is not None:
        return clock_thinking(face)
    gloss = short_gloss(concept.gloss)
    related = _related(concept, gloss)
    text = _describe(concept, gloss, related)
    while _count(text) > MOST_WORDS and len(related) > 1:
        related = related[:-1]
        text = _describe(concept, gloss, related)
    return text if _count(text) <= MOST_WORDS else _describe(concept, "", related)


def short_gloss(gloss: str) -> str:
    """The first whole phrase of a gloss; empty if it has over `MOST_GLOSS_WORDS` words."""
    first = re.sub(r"\([^)]*\)", " ", gloss).split(";")[0].split(":")[0]
    words = first.strip(" ,").split()
    if len(words) > MOST_GLOSS_WORDS:
        # A cut must fall between phrases: "similar to but larger" would no longer be true.
        words = first.split(",")[0].split()
    return " ".join(words) if len(words) <= MOST_GLOSS_WORDS else ""


def flag_thinking(country: Country) -> str:
    """Describe a flag by its country and region."""
    where = f", in {country.subregion}" if country.subregion else ""
    return f"It is the {country.flag}{where}."


def facts_to_flag(statements: list[str], country: Country) -> str:
    """Lead from facts of a country to its flag."""
    return f"{' '.join(statements)} The {country.flag}."


def flag_to_fact(fact: Fact) -> str:
    """Lead from a flag to a fact of its country."""
    return f"It is the {fact.country.flag}. {fact.forward}"


def answer_thinking(facts: list[Fact]) -> str:
    """Describe an answer by itself; `facts` are all facts that it answers."""
    first = facts[0]
    if len(facts) == 1:
        return first.backward
    if first.relation == "demonym":
        lands = join_words([fact.country.called for fact in facts], "or")
        return f"{first.answer} is what people from {lands} are called."
    answer = f"the {first.answer}" if first.relation == "currency" else first.answer
    return f"{capitalise(answer)} is {_SORTS[first.relation]}."


def clock_thinking(face: Face) -> str:
    """Describe a clock face by its time."""
    return f"The clock shows {spoken(face)}."


def time_thinking(face: Face) -> str:
    """Describe a time in words."""
    if face.half:
        return f"It is a time, thirty minutes past {number(face.hour)}."
    return f"It is a time, exactly {number(face.hour)}."


def sum_thinking(face: Face, hours: int) -> str:
    """Lead from a clock face to the time some hours away."""
    return f"{clock_thinking(face)} {sum_statement(face.hour, hours)}"


_SORTS = {
    "capital": "a capital",
    "currency": "a currency",
    "subregion": "a part of the world",
    "language": "a language",
}


def _describe(concept: Concept, gloss: str, related: list[str]) -> str:
    group = "icon" if concept.kind == "icon" else concept.group
    parts = [f"{capitalise(plain_group(group, concept.subgroup))}."]
    parts.append(f"It is {concept.name}: {gloss}." if gloss else f"It is {concept.name}.")
    if related:
        parts.append(f"Related: {', '.join(related)}.")
    return " ".join(parts)


def _related(concept: Concept, gloss: str) -> list[str]:
    used = _stems(f"{concept.name} {gloss} {plain_group(concept.group, concept.subgroup)}")
    chosen: list[str] = []
    for keyword in concept.keywords:
        stems = _stems(keyword)
        if stems and not stems <= used and len(keyword.split()) <= 2:
            chosen.append(keyword)
            used |= stems
    return chosen[:RELATED]


def _stems(text: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"\w+", text.lower())}


def _count(text: str) -> int:
    return len(text.split())
