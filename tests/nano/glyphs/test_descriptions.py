import dataclasses

import pytest

from forethought.nano.glyphs.descriptions import descriptions


@pytest.fixture
def peru(bolivia):
    return dataclasses.replace(bolivia, code="pe", called="Peru", landlocked=False)


@pytest.fixture
def world(bolivia, peru):
    paraguay = dataclasses.replace(bolivia, code="py", called="Paraguay", languages=("Guaraní",))
    chad = dataclasses.replace(paraguay, code="td", called="Chad", subregion="Middle Africa")
    return (bolivia, peru, paraguay, chad)


def test_the_answers_are_every_country_that_a_description_is_true_of(bolivia, world):
    found = {one.text: one.answers for one in descriptions(bolivia, world)}
    assert found == {
        "flag of a landlocked country in South America where Aymara is spoken": ("bo",),
        "flag of a landlocked country in South America where Spanish is spoken": ("bo",),
        "flag of a country in South America where Aymara is spoken": ("bo", "pe"),
        "flag of a country in South America where Spanish is spoken": ("bo", "pe"),
        "flag of a landlocked country in South America": ("bo", "py"),
    }


def test_the_statements_are_the_facts_of_the_description(bolivia, world):
    first = descriptions(bolivia, world)[0]
    assert first.statements == (
        "Bolivia is in South America.",
        "Bolivia is landlocked.",
        "Aymara is spoken in Bolivia.",
    )


def test_a_country_of_a_disputed_region_has_no_description(bolivia, world):
    nowhere = dataclasses.replace(bolivia, subregion="")
    assert descriptions(nowhere, (nowhere, *world[1:])) == []


def test_a_country_with_a_coast_is_not_described_as_landlocked(peru, world):
    assert all("landlocked" not in one.text for one in descriptions(peru, world))


def test_a_description_of_four_countries_is_left_out(bolivia):
    more = tuple(dataclasses.replace(bolivia, code=code) for code in ("aa", "bb", "cc"))
    assert descriptions(bolivia, (bolivia, *more)) == []
