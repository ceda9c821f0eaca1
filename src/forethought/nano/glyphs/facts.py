"""Facts of countries as sentences and questions: one wording for each relation."""

from collections.abc import Callable
from dataclasses import dataclass

from forethought.nano.glyphs.countries import Country

MOST_NEIGHBOURS = 5
"""The most neighbours that a question lists."""

RELATIONS = ("capital", "demonym", "currency", "borders", "place", "subregion", "language")

QUESTIONS = {
    "capital": "What is the capital of this country?",
    "currency": "What is the currency of this country?",
    "subregion": "In which part of the world is this country?",
    "demonym": "What are the people of this country called?",
    "language": "Which language is spoken in this country?",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One relation of one country.

    Args:
        forward: the fact as a sentence that starts from the country.
        backward: the fact as a sentence that starts from the answer.
        unique: whether it is the country's only answer of this relation.
    """

    country: Country
    relation: str
    answer: str
    forward: str
    backward: str
    unique: bool


def facts_of(country: Country) -> list[Fact]:
    """Every fact of a country, relation by relation."""
    return [fact for facts in _RELATION_FACTS for fact in facts(country)]


def join_words(words: tuple[str, ...] | list[str], last: str = "and") -> str:
    """Join words as an English list: "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def capitalise(words: str) -> str:
    """Make the first letter upper case and leave the rest."""
    return words[:1].upper() + words[1:]


def _capitals(country: Country) -> list[Fact]:
    only = len(country.capitals) == 1
    the = "the" if only else "a"
    return [
        Fact(
            country,
            "capital",
            capital,
            f"{capitalise(the)} capital of {country.called} is {capital}.",
            f"{capital} is {the} capital of {country.called}.",
            only,
        )
        for capital in country.capitals
    ]


def _demonym(country: Country) -> list[Fact]:
    if not country.demonym:
        return []
    people = country.demonym
    forward = f"People from {country.called} are called {people}."
    backward = f"{people} is what people from {country.called} are called."
    return [Fact(country, "demonym", people, forward, backward, unique=True)]


def _currencies(country: Country) -> list[Fact]:
    only = len(country.currencies) == 1
    the = "the" if only else "a"
    return [
        Fact(
            country,
            "currency",
            money,
            f"{capitalise(the)} currency of {country.called} is the {money}.",
            f"The {money} is {the} currency of {country.called}.",
            only,
        )
        for money in country.currencies
    ]


def _subregion(country: Country) -> list[Fact]:
    if not country.subregion:
        return []
    where = country.subregion
    forward = f"{capitalise(country.called)} is in {where}."
    backward = f"One country in {where} is {country.called}."
    return [Fact(country, "subregion", where, forward, backward, unique=True)]


def _languages(country: Country) -> list[Fact]:
    only = len(country.languages) == 1
    return [
        Fact(
            country,
            "language",
            language,
            f"One language of {country.called} is {language}.",
            f"{language} is spoken in {country.called}.",
            only,
        )
        for language in country.languages
    ]


def borders_sentence(country: Country, borders: tuple[str, ...]) -> str:
    """The fact of a country's neighbours, in this order."""
    return f"{capitalise(country.called)} borders {join_words(borders)}."


def _borders(country: Country) -> list[Fact]:
    if not country.borders:
        return []
    around = join_words(country.borders)
    forward = borders_sentence(country, country.borders)
    # "The country" would not be true of all: more than one borders both Argentina and Brazil.
    backward = f"One country that borders {around} is {country.called}."
    return [Fact(country, "borders", around, forward, backward, unique=True)]


_RELATION_FACTS: tuple[Callable[[Country], list[Fact]], ...] = (
    _capitals,
    _demonym,
    _currencies,
    _subregion,
    _languages,
    _borders,
)
