"""What is said and asked about a country: one wording for each relation, used everywhere."""

from collections.abc import Callable
from dataclasses import dataclass

from forethought.nano.glyphs.countries import Country

MOST_NEIGHBOURS = 5
"""A question that lists more neighbours than this is not asked."""

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
        forward: the fact told from the country, as a sentence.
        backward: the same fact told from the answer.
        unique: whether it is the country's only answer of this relation.
    """

    country: Country
    relation: str
    answer: str
    forward: str
    backward: str
    unique: bool


def facts_of(country: Country) -> list[Fact]:
    """Everything that is known of a country, both ways round."""
    return [fact for tell in _TELL.values() for fact in tell(country)]


def statements(country: Country) -> list[str]:
    """Every fact of a country as plain sentences."""
    told = [words for fact in facts_of(country) for words in (fact.forward, fact.backward)]
    lies = "is landlocked" if country.landlocked else "is not landlocked"
    told.append(f"{start(country.called)} {lies}.")
    if country.landlocked:
        told.append(f"One landlocked country is {country.called}.")
    told += [f"{start(country.called)} borders {neighbour}." for neighbour in country.borders]
    return told


def listed(words: tuple[str, ...] | list[str], last: str = "and") -> str:
    """Words as an English list: "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def start(words: str) -> str:
    """Words at the start of a sentence."""
    return words[:1].upper() + words[1:]


def _capitals(country: Country) -> list[Fact]:
    only = len(country.capitals) == 1
    the = "the" if only else "a"
    return [
        Fact(
            country,
            "capital",
            capital,
            f"{start(the)} capital of {country.called} is {capital}.",
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
    return [
        Fact(
            country,
            "demonym",
            people,
            forward,
            f"{people} is what people from {country.called} are called.",
            unique=True,
        )
    ]


def _currencies(country: Country) -> list[Fact]:
    only = len(country.currencies) == 1
    the = "the" if only else "a"
    return [
        Fact(
            country,
            "currency",
            money,
            f"{start(the)} currency of {country.called} is the {money}.",
            f"The {money} is {the} currency of {country.called}.",
            only,
        )
        for money in country.currencies
    ]


def _subregion(country: Country) -> list[Fact]:
    if not country.subregion:
        return []
    where = country.subregion
    forward = f"{start(country.called)} is in {where}."
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


def _borders(country: Country) -> list[Fact]:
    if not country.borders:
        return []
    around = listed(country.borders)
    forward = f"{start(country.called)} borders {around}."
    # "The country" would not be true of all: more than one borders both Argentina and Brazil.
    backward = f"One country that borders {around} is {country.called}."
    return [Fact(country, "borders", around, forward, backward, unique=True)]


_TELL: dict[str, Callable[[Country], list[Fact]]] = {
    "capital": _capitals,
    "demonym": _demonym,
    "currency": _currencies,
    "subregion": _subregion,
    "language": _languages,
    "borders": _borders,
}
