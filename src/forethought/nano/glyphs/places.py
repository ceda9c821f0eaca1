"""Questions that describe a country by where it lies: several facts, up to three right answers."""

from dataclasses import dataclass

from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.facts import start

MOST_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A description by facts.

    Args:
        text: the query.
        told: the facts of the example's own country, as in the statements.
        answers: the codes of all countries it is true of.
    """

    text: str
    told: tuple[str, ...]
    answers: tuple[str, ...]


def places(country: Country, countries: tuple[Country, ...]) -> list[Place]:
    """The descriptions of a country that are true of at most three, fewest answers first."""
    if not country.subregion:
        return []
    found = []
    for landlocked in (True, False):
        if landlocked and not country.landlocked:
            continue
        found += [
            _place(country, countries, landlocked=landlocked, language=language)
            for language in country.languages
        ]
    if country.landlocked:
        found.append(_place(country, countries, landlocked=True, language=""))
    near = [place for place in found if len(place.answers) <= MOST_ANSWERS]
    return sorted(near, key=lambda place: (len(place.answers), place.text))


def _place(
    country: Country, countries: tuple[Country, ...], *, landlocked: bool, language: str
) -> Place:
    a = "a landlocked" if landlocked else "a"
    spoken = f" where {language} is spoken" if language else ""
    told = [f"{start(country.called)} is in {country.subregion}."]
    if landlocked:
        told.append(f"{start(country.called)} is landlocked.")
    if language:
        told.append(f"{language} is spoken in {country.called}.")
    answers = tuple(
        other.code
        for other in countries
        if other.subregion == country.subregion
        and (other.landlocked or not landlocked)
        and (not language or language in other.languages)
    )
    text = f"flag of {a} country in {country.subregion}{spoken}"
    return Place(text, tuple(told), answers)
