"""Queries that describe a country by region, language and coast, with up to three answers."""

from dataclasses import dataclass

from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.facts import capitalise

MOST_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Description:
    """A description of a country by several facts.

    Args:
        text: the query.
        statements: the facts of the country that it was made from, as sentences.
        answers: the codes of all countries that it is true of.
    """

    text: str
    statements: tuple[str, ...]
    answers: tuple[str, ...]


def descriptions(country: Country, countries: tuple[Country, ...]) -> list[Description]:
    """The descriptions of a country that are true of at most three, fewest answers first."""
    if not country.subregion:
        return []
    found = []
    for landlocked in (True, False):
        if landlocked and not country.landlocked:
            continue
        found += [
            _describe(country, countries, landlocked=landlocked, language=language)
            for language in country.languages
        ]
    if country.landlocked:
        found.append(_describe(country, countries, landlocked=True, language=""))
    narrow = [one for one in found if len(one.answers) <= MOST_ANSWERS]
    return sorted(narrow, key=lambda one: (len(one.answers), one.text))


def _describe(
    country: Country, countries: tuple[Country, ...], *, landlocked: bool, language: str
) -> Description:
    a = "a landlocked" if landlocked else "a"
    spoken = f" where {language} is spoken" if language else ""
    statements = [f"{capitalise(country.called)} is in {country.subregion}."]
    if landlocked:
        statements.append(f"{capitalise(country.called)} is landlocked.")
    if language:
        statements.append(f"{language} is spoken in {country.called}.")
    answers = tuple(
        other.code
        for other in countries
        if other.subregion == country.subregion
        and (other.landlocked or not landlocked)
        and (not language or language in other.languages)
    )
    text = f"flag of {a} country in {country.subregion}{spoken}"
    return Description(text, tuple(statements), answers)
