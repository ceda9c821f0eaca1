import dataclasses

import pytest

from forethought.nano.glyphs.places import places


@pytest.fixture
def peru(bolivia):
    return dataclasses.replace(bolivia, code="pe", called="Peru", landlocked=False)


@pytest.fixture
def world(bolivia, peru):
    paraguay = dataclasses.replace(bolivia, code="py", called="Paraguay", languages=("Guaraní",))
    chad = dataclasses.replace(paraguay, code="td", called="Chad", subregion="Middle Africa")
    return (bolivia, peru, paraguay, chad)


def test_names_every_country_a_description_is_true_of(bolivia, world):
    found = {place.text: place.answers for place in places(bolivia, world)}
    assert found == {
        "flag of a landlocked country in South America where Aymara is spoken": ("bo",),
        "flag of a landlocked country in South America where Spanish is spoken": ("bo",),
        "flag of a country in South America where Aymara is spoken": ("bo", "pe"),
        "flag of a country in South America where Spanish is spoken": ("bo", "pe"),
        "flag of a landlocked country in South America": ("bo", "py"),
    }


def test_tells_the_facts_that_the_description_uses(bolivia, world):
    first = places(bolivia, world)[0]
    assert first.told == (
        "Bolivia is in South America.",
        "Bolivia is landlocked.",
        "Aymara is spoken in Bolivia.",
    )


def test_a_country_of_no_agreed_region_is_not_described_by_one(bolivia, world):
    nowhere = dataclasses.replace(bolivia, subregion="")
    assert places(nowhere, (nowhere, *world[1:])) == []


def test_does_not_call_a_country_with_a_coast_landlocked(peru, world):
    assert all("landlocked" not in place.text for place in places(peru, world))


def test_leaves_out_what_is_true_of_four(bolivia):
    more = tuple(dataclasses.replace(bolivia, code=code) for code in ("aa", "bb", "cc"))
    assert places(bolivia, (bolivia, *more)) == []
