import dataclasses

import pytest

from forethought.nano.glyphs.corrections import CORRECTIONS
from forethought.nano.glyphs.countries import Country, read_countries
from forethought.nano.glyphs.facts import facts_of


def _row(two, three, name, **facts):
    defaults = {"capital": ["Town"], "people": "Old", "money": ["Shell"], "spoken": ["Elvish"]}
    return two, three, name, defaults | facts


def _answers(country, relation):
    return [fact.answer for fact in facts_of(country) if fact.relation == relation]


def test_every_correction_has_a_field_and_a_reason():
    fields = {field.name for field in dataclasses.fields(Country)}
    assert {one.field for one in CORRECTIONS} <= fields
    assert len({(one.code, one.field) for one in CORRECTIONS}) == len(CORRECTIONS)
    for one in CORRECTIONS:
        assert one.reason
        assert isinstance(one.holds, str) == (one.field in {"demonym", "subregion"})


@pytest.mark.parametrize(("two", "three"), [("IL", "ISR"), ("LK", "LKA"), ("SZ", "SWZ")])
def test_a_disputed_capital_is_left_out(table, two, three):
    (country,) = read_countries(table(_row(two, three, "Somewhere")))
    assert _answers(country, "capital") == []
    assert _answers(country, "demonym") == ["Old"]


@pytest.mark.parametrize(
    ("two", "three", "relation", "answers"),
    [
        ("BG", "BGR", "currency", ["euro"]),
        ("CU", "CUB", "currency", ["Cuban peso"]),
        ("GQ", "GNQ", "capital", ["Ciudad de la Paz"]),
        ("DJ", "DJI", "demonym", ["Djiboutian"]),
        ("KG", "KGZ", "demonym", ["Kyrgyz"]),
        ("TJ", "TJK", "demonym", ["Tajik"]),
        ("CV", "CPV", "demonym", ["Cape Verdean"]),
        ("VA", "VAT", "demonym", []),
        ("SS", "SSD", "subregion", ["Eastern Africa"]),
        ("MD", "MDA", "language", ["Romanian"]),
        ("LK", "LKA", "borders", []),
    ],
)
def test_an_outdated_or_foreign_value_is_corrected(table, two, three, relation, answers):
    (country,) = read_countries(table(_row(two, three, "Somewhere", borders=[three])))
    assert _answers(country, relation) == answers


def test_micronesia_is_not_in_micronesia(table):
    rows = [
        _row("FM", "FSM", "Micronesia", subregion="Micronesia"),
        _row("PW", "PLW", "Palau", subregion="Micronesia"),
    ]
    micronesia, palau = read_countries(table(*rows))
    assert _answers(micronesia, "subregion") == []
    assert _answers(palau, "subregion") == ["Micronesia"]


def test_a_country_without_corrections_is_as_in_the_package(table):
    (country,) = read_countries(table(_row("ZA", "ZAF", "South Africa", capital=["One", "Two"])))
    assert country.capitals == ("One", "Two")
    assert country.currencies == ("Shell",)
