"""Sentences that tell facts: of countries, of hours, of names that are alike."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forethought.nano.glyphs.clocks import OFFSETS, sum_statement
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.facts import Fact, capitalise, facts_of, join_words
from forethought.nano.glyphs.hash_rng import shuffled

MOST_LISTED = 8
"""The most languages or neighbours that a sentence lists."""

COUNTRY, HOURS, NAME = "country", "hours", "name"
"""What a statement is about."""

_PLACES = ("first", "second", "third")
_KINDS = {
    "capital": "a capital",
    "name": "a country",
    "demonym": "a people",
    "currency": "a currency",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence whose beginning determines its end: the facts have no other such end.

    Args:
        start: the index of the end's first character.
        topic: "country", "hours" or "name".
    """

    text: str
    start: int
    topic: str


def all_statements(countries: Sequence[Country]) -> list[Statement]:
    """Every fact that has one answer, the hours of a clock, and every name among its neighbours.

    A fact is stated in both directions where both have one answer: "One country in Western Africa
    is ..." has several, so that no reader could learn how it ends.
    """
    found = [*_country_statements(countries), *_hours(), *_names(countries)]
    return list(dict.fromkeys(found))


def has_one_answer(fact: Fact) -> bool:
    """Whether a question for this relation of the country has one answer."""
    return fact.unique and fact.relation not in {"language", "borders"}


def answers_of(countries: Iterable[Country]) -> Counter[tuple[str, str]]:
    """How many countries each relation and answer leads back to."""
    return Counter((fact.relation, fact.answer) for one in countries for fact in facts_of(one))


def leads_back(fact: Fact, counts: Counter[tuple[str, str]]) -> bool:
    """Whether the answer names its country among all countries."""
    if fact.relation in {"subregion", "borders"}:
        return False
    return counts[fact.relation, fact.answer] == 1


def _country_statements(countries: Sequence[Country]) -> list[Statement]:
    counts = answers_of(countries)
    found = []
    for country in countries:
        for fact in facts_of(country):
            if has_one_answer(fact):
                found.append(_ending(fact.forward, fact.answer, COUNTRY))
            if leads_back(fact, counts):
                found.append(_ending(fact.backward, country.called, COUNTRY))
        found += _lists(country)
        lies = "landlocked" if country.landlocked else "not landlocked"
        found.append(_ending(f"{capitalise(country.called)} is {lies}.", lies, COUNTRY))
    return found


def _lists(country: Country) -> list[Statement]:
    found = []
    if 0 < len(country.languages) <= MOST_LISTED:
        are = "language of {} is {}." if len(country.languages) == 1 else "languages of {} are {}."
        spoken = join_words(country.languages)
        found.append(_ending(f"The {are.format(country.called, spoken)}", spoken, COUNTRY))
    if len(country.borders) <= MOST_LISTED:
        around = join_words(country.borders) or "no country"
        found.append(_ending(f"{capitalise(country.called)} borders {around}.", around, COUNTRY))
    return found


def _hours() -> list[Statement]:
    """The hours after and before each hour, counted as far as a question goes."""
    sentences = [
        sum_statement(hour, hours)
        for hours in (min(OFFSETS), max(OFFSETS))
        for hour in range(1, 13)
    ]
    return [Statement(text, text.index(" is ") + 4, HOURS) for text in sentences]


def _names(countries: Sequence[Country]) -> list[Statement]:
    """For each name, what it names, and its place in a list of three that begin alike."""
    kinds: dict[str, set[str]] = {}
    for country in countries:
        kinds.setdefault(country.name, set()).add(_KINDS["name"])
        for fact in facts_of(country):
            if fact.relation in _KINDS:
                kinds.setdefault(fact.answer, set()).add(_KINDS[fact.relation])
    names = sorted(kinds)
    found = []
    for index, name in enumerate(names):
        what = join_words(sorted(kinds[name]))
        found.append(_ending(f"{name} names {what}.", what, NAME))
        near = names[max(0, min(index - 1, len(names) - 3)) :][:3]
        listed = shuffled(near, "names", name)
        place = _PLACES[listed.index(name)]
        found.append(_ending(f"{join_words(listed)}: the {place} is {name}.", name, NAME))
    return found


def _ending(text: str, end: str, topic: str) -> Statement:
    return Statement(text, text.rindex(end), topic)
