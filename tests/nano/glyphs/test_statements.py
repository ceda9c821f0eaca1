import dataclasses

import pytest

from forethought.nano.glyphs.facts import facts_of
from forethought.nano.glyphs.statements import (
    MOST_LISTED,
    Statement,
    all_statements,
    answers_of,
    has_one_answer,
    leads_back,
)


@pytest.fixture
def countries(bolivia):
    """Facts that several countries share, facts with two answers, and names of two things."""
    change = dataclasses.replace
    return [
        bolivia,
        change(
            bolivia,
            code="ec",
            name="Ecuador",
            called="Ecuador",
            capitals=("Quito",),
            demonym="Ecuadorean",
            currencies=("United States dollar",),
            landlocked=False,
            borders=("Peru",),
        ),
        change(
            bolivia,
            code="pa",
            name="Panama",
            called="Panama",
            capitals=("Panama",),
            demonym="Panamanian",
            currencies=("Panamanian balboa", "United States dollar"),
            languages=("Spanish",),
            landlocked=False,
            borders=(),
        ),
        change(
            bolivia,
            code="za",
            name="South Africa",
            called="South Africa",
            capitals=("Pretoria", "Cape Town"),
            demonym="",
            currencies=("South African rand",),
            languages=(),
            landlocked=False,
        ),
        change(bolivia, code="us", name="United States", called="the United States",
               capitals=("Washington D.C.",), demonym="American",
               currencies=("United States dollar",), borders=("Canada", "Mexico")),
    ]  # fmt: skip


@pytest.fixture
def texts(countries):
    return {one.text for one in all_statements(countries)}


def test_a_beginning_determines_its_end(countries):
    ends: dict[str, set[str]] = {}
    for one in all_statements(countries):
        ends.setdefault(one.text[: one.start], set()).add(one.text[one.start :])
    assert len(ends) > 60
    assert {start: found for start, found in ends.items() if len(found) > 1} == {}


def test_every_beginning_and_every_end_holds_words(countries):
    for one in all_statements(countries):
        assert one.text[: one.start].endswith(" ")
        assert one.text[one.start :].rstrip(".")
        assert one.text.endswith(".")


def test_no_statement_is_told_twice(countries):
    found = all_statements(countries)
    assert len(set(found)) == len(found)


def test_every_country_is_told_with_its_answers(countries, texts):
    for country in countries:
        assert any(country.called in text for text in texts)
        for fact in facts_of(country):
            if has_one_answer(fact):
                assert fact.forward in texts


def test_a_fact_is_told_in_both_directions_with_the_answer_as_its_end(bolivia):
    found = all_statements([bolivia])
    assert {
        Statement("The capital of Bolivia is Sucre.", len("The capital of Bolivia is "), "country"),
        Statement("Sucre is the capital of Bolivia.", len("Sucre is the capital of "), "country"),
        Statement(
            "Bolivian is what people from Bolivia are called.",
            len("Bolivian is what people from "),
            "country",
        ),
        Statement("Bolivia is in South America.", len("Bolivia is in "), "country"),
        Statement(
            "The languages of Bolivia are Aymara and Spanish.",
            len("The languages of Bolivia are "),
            "country",
        ),
        Statement("Bolivia borders Argentina and Brazil.", len("Bolivia borders "), "country"),
        Statement("Bolivia is landlocked.", len("Bolivia is "), "country"),
    } <= set(found)


def test_what_has_several_answers_is_not_told(texts):
    # Two capitals, two currencies; a part of the world and a currency of several countries.
    assert not any(text.startswith("A capital of South Africa") for text in texts)
    assert not any("currency of Panama" in text and "dollar" in text for text in texts)
    assert not any(text.startswith("One country in") for text in texts)
    assert not any(text.startswith("The United States dollar is") for text in texts)
    # Each leads back to its country, however many the country has.
    assert "Pretoria is a capital of South Africa." in texts
    assert "The Panamanian balboa is a currency of Panama." in texts


def test_lists_that_are_too_long_are_not_told(bolivia):
    many = tuple(f"Tongue {index}" for index in range(MOST_LISTED + 1))
    country = dataclasses.replace(bolivia, languages=many, borders=many)
    texts = [one.text for one in all_statements([country])]
    assert not any(many[0] in text and many[1] in text for text in texts)
    whole = dataclasses.replace(bolivia, languages=many[1:], borders=())
    texts = [one.text for one in all_statements([whole])]
    assert any(many[1] in text and many[-1] in text for text in texts)
    assert "Bolivia borders no country." in texts


def test_every_name_is_told_for_what_it_names_and_among_its_neighbours(countries, texts):
    assert "Sucre names a capital." in texts
    assert "Panama names a capital and a country." in texts
    assert "United States dollar names a currency." in texts
    names = {fact.answer for one in countries for fact in facts_of(one)
             if fact.relation in {"capital", "currency", "demonym"}}  # fmt: skip
    names |= {one.name for one in countries}
    for name in names:
        assert any(text.endswith(f" is {name}.") and ": the " in text for text in texts)


def test_a_list_of_names_says_the_place_of_one_of_its_three(texts):
    lists = [text for text in texts if ": the " in text]
    for text in lists:
        listed, end = text.removesuffix(".").split(": the ")
        place, name = end.split(" is ", maxsplit=1)
        words = listed.replace(" and ", ", ", 1).split(", ")
        assert words[["first", "second", "third"].index(place)] == name


def test_hours_are_counted_to_eleven_after_and_before_each_hour():
    counted = all_statements([])
    assert len({one.text for one in counted}) == len(counted) == 24
    text = (
        "One hour before three is two, two one, three twelve, four eleven, five ten, six nine, "
        "seven eight, eight seven, nine six, ten five, eleven four."
    )
    assert Statement(text, len("One hour before three is "), "hours") in counted


def test_an_answer_leads_back_to_the_only_country_that_has_it(countries):
    counts = answers_of(countries)
    back = {(fact.relation, fact.answer) for one in countries for fact in facts_of(one)
            if leads_back(fact, counts)}  # fmt: skip
    assert ("capital", "Sucre") in back
    assert ("currency", "United States dollar") not in back
    assert {relation for relation, _ in back} <= {"capital", "demonym", "currency", "language"}
