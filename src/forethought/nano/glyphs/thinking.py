"""Compose the thinking text of rationales from published annotations, without a model.

A question takes at most two sentences; what is named or shown takes none.
"""

import re

from forethought.nano.glyphs.clocks import Face, spoken, sum_statement
from forethought.nano.glyphs.facts import Fact

MOST_GLOSS_WORDS = 12


def short_gloss(gloss: str) -> str:
    """The first whole phrase of a gloss; empty if it has over `MOST_GLOSS_WORDS` words."""
    first = re.sub(r"\([^)]*\)", " ", gloss).split(";")[0].split(":")[0]
    words = first.strip(" ,").split()
    if len(words) > MOST_GLOSS_WORDS:
        # A cut must fall between phrases: "similar to but larger" would no longer be true.
        words = first.split(",")[0].split()
    return " ".join(words) if len(words) <= MOST_GLOSS_WORDS else ""


def facts_to_flag(statements: list[str]) -> str:
    """Lead from a question to its country, by at most two facts."""
    return " ".join(statements[:2])


def flag_to_fact(fact: Fact) -> str:
    """Lead from a flag to a fact of its country."""
    return f"It is the {fact.country.flag}. {fact.forward}"


def clock_thinking(face: Face) -> str:
    """Describe a clock face by its time."""
    return f"The clock shows {spoken(face)}."


def sum_thinking(face: Face, hours: int) -> str:
    """Lead from a clock face to the time some hours away."""
    return f"{clock_thinking(face)} {sum_statement(face.hour, hours)}"
