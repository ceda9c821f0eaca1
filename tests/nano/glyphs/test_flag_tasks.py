import dataclasses

import pytest

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.flag_tasks import questions
from forethought.nano.glyphs.splits import Splits


@pytest.fixture
def asked(bolivia):
    """The questions about borders that lead to Bolivia, beside a country with these neighbours."""

    def ask(*borders):
        other = dataclasses.replace(bolivia, code="pp", called="Other", borders=borders)
        splits = Splits({}, {("bo", "borders"): "train"}, {})
        catalogue = Catalogue((), {}, (bolivia, other), splits)
        return [query.text for query, _ in questions(catalogue, bolivia, "train")]

    return ask


def test_a_country_is_asked_for_by_its_neighbours(asked):
    text = "flag of the country that borders Argentina and Brazil"
    assert asked("Argentina", "Chile") == [text]


def test_neighbours_that_another_country_has_too_are_not_asked_for(asked):
    assert asked("Argentina", "Brazil", "Chile") == []
