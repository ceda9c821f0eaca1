import dataclasses

import pytest

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.flag_tasks import questions
from forethought.nano.glyphs.splits import Splits


@pytest.fixture
def border_questions(bolivia):
    """The questions about borders that lead to Bolivia, beside a country with these neighbours."""

    def texts(*borders):
        other = dataclasses.replace(bolivia, code="pp", called="Other", borders=borders)
        splits = Splits({}, {("bo", "borders"): "train"}, {}, {})
        catalogue = Catalogue((), {}, (bolivia, other), splits)
        return [query.text for query, _ in questions(catalogue, bolivia, "train")]

    return texts


def test_neighbours_of_one_country_alone_make_a_question(border_questions):
    text = "flag of the country that borders Argentina and Brazil"
    assert border_questions("Argentina", "Chile") == [text]


def test_neighbours_of_two_countries_make_no_question(border_questions):
    assert border_questions("Argentina", "Brazil", "Chile") == []
