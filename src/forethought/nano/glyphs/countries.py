"""Countries with their facts, read from a package, and their flags as concepts."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.corrections import CORRECTIONS

_WITH_ARTICLE = {
    "Bahamas", "Central African Republic", "Comoros", "DR Congo", "Dominican Republic", "Gambia",
    "Maldives", "Marshall Islands", "Netherlands", "Philippines", "Republic of the Congo",
    "Seychelles", "Solomon Islands", "United Arab Emirates", "United Kingdom", "United States",
    "Cayman Islands", "Falkland Islands", "Faroe Islands", "Northern Mariana Islands",
}  # fmt: skip

_SHORTER = {"Australia and New Zealand": "Australasia"}


@dataclass(frozen=True, slots=True)
class Country:
    """A country and its facts.

    Args:
        code: two letters, lower case.
        called: its name inside a sentence, with its article if it has one.
        long_code: three letters, lower case.
        capitals: like every other fact, empty where it is disputed.
        borders: the names of the neighbours inside a sentence, in alphabetical order.
    """

    code: str
    long_code: str
    name: str
    called: str
    capitals: tuple[str, ...]
    demonym: str
    currencies: tuple[str, ...]
    subregion: str
    languages: tuple[str, ...]
    landlocked: bool
    borders: tuple[str, ...]

    @property
    def concept(self) -> str:
        """The id of its flag."""
        return f"flag-{self.code}"

    @property
    def flag(self) -> str:
        """Its flag in words."""
        return f"flag of {self.called}"


def read_countries(folder: Path) -> list[Country]:
    """Read the independent countries of an unpacked `world-countries` package."""
    rows = json.loads((folder / "countries.json").read_text("utf-8"))
    names = {row["cca3"]: _called(row["name"]["common"]) for row in rows}
    independent = [row for row in rows if row["independent"] is True]
    countries = (_corrected(_country(row, names)) for row in independent)
    return sorted(countries, key=lambda one: one.code)


def flag_concept(country: Country) -> Concept:
    """A country's flag as a concept; all are in training, only questions are held out."""
    return Concept(
        concept=country.concept,
        kind="flag",
        family=country.concept,
        split="train",
        name=country.flag,
        keywords=(),
        gloss="",
        group="flags",
        subgroup="country-flag",
    )


def emoji_code(country: Country) -> str:
    """The code points of a country's flag, such as `1f1e7-1f1f4`."""
    return "-".join(f"{0x1F1E6 + ord(letter) - ord('a'):x}" for letter in country.code)


def _country(row: dict[str, Any], names: dict[str, str]) -> Country:
    name = row["name"]["common"]
    return Country(
        code=row["cca2"].lower(),
        long_code=row["cca3"].lower(),
        name=name,
        called=_called(name),
        capitals=tuple(row["capital"]),
        demonym=row["demonyms"].get("eng", {}).get("m", ""),
        currencies=tuple(_currency(one["name"]) for one in row["currencies"].values()),
        subregion=_SHORTER.get(row["subregion"], row["subregion"]),
        languages=tuple(sorted(row["languages"].values())),
        landlocked=row["landlocked"],
        borders=tuple(sorted((names[code] for code in row["borders"]), key=_without_article)),
    )


def _corrected(country: Country) -> Country:
    changes: dict[str, Any] = {
        one.field: one.holds for one in CORRECTIONS if one.code == country.code
    }
    return dataclasses.replace(country, **changes)


def _called(name: str) -> str:
    return f"the {name}" if name in _WITH_ARTICLE else name


def _without_article(called: str) -> str:
    return called.removeprefix("the ")


def _currency(name: str) -> str:
    return "euro" if name == "Euro" else name
