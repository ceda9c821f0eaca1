import dataclasses
from collections import Counter

import pytest

from forethought.nano.glyphs.questions import COMPOSITIONS, Composition, QuestionMaker


@pytest.fixture
def peru(bolivia):
    """A country that shares its part of the world, and nothing else, with Bolivia."""
    return dataclasses.replace(
        bolivia,
        code="pe",
        name="Peru",
        called="Peru",
        capitals=("Lima",),
        demonym="Peruvian",
        currencies=("Peruvian sol",),
        borders=("Bolivia",),
    )


@pytest.fixture
def questions(bolivia):
    """Bolivia's questions by their kind; its neighbours are no countries of the list."""
    return {str(one.composition): one for one in QuestionMaker([bolivia]).about(bolivia)}


def test_a_kind_of_question_takes_no_step_one_or_two():
    assert Composition("name", "capital").task == "lookup"
    assert Composition("capital", "name").task == "one_step"
    assert Composition("capital", "currency").task == "two_steps"
    counts = Counter(one.task for one in COMPOSITIONS)
    assert counts == {"lookup": 5, "one_step": 3, "two_steps": 12}
    assert len({str(one) for one in COMPOSITIONS}) == len(COMPOSITIONS)


def test_a_lookup_is_answered_without_a_thought(questions):
    question = questions["name to capital"]
    assert (question.text, question.answers) == ("capital of Bolivia", ("Sucre",))
    assert question.thinking == ""


def test_one_step_leads_back_to_the_country(questions):
    question = questions["demonym to name"]
    assert question.text == "country whose people are called Bolivian"
    assert question.thinking == "Bolivian is what people from Bolivia are called."
    assert question.answers == ("Bolivia",)


def test_two_steps_lead_back_to_the_country_and_on_to_its_fact(questions):
    question = questions["capital to currency"]
    assert question.text == "currency of the country whose capital is Sucre"
    assert question.thinking == (
        "Sucre is the capital of Bolivia. The currency of Bolivia is the Bolivian boliviano."
    )
    assert question.answers == ("Bolivian boliviano",)
    assert questions["currency to subregion"].text == (
        "part of the world of the country whose currency is the Bolivian boliviano"
    )


def test_either_of_two_neighbours_answers(bolivia, peru):
    chile = dataclasses.replace(peru, code="cl", name="Chile", called="Chile",
                                capitals=("Santiago",), demonym="Chilean",
                                currencies=("Chilean peso",), borders=())  # fmt: skip
    bolivia = dataclasses.replace(bolivia, borders=("Chile", "Peru"))
    maker = QuestionMaker([bolivia, peru, chile])
    lookup = maker.question(bolivia, Composition("name", "neighbour"))
    steps = maker.question(bolivia, Composition("capital", "neighbour"))
    assert lookup is not None
    assert steps is not None
    assert lookup.text == "neighbour of Bolivia"
    assert lookup.answers == steps.answers == ("Chile", "Peru")
    assert steps.thinking == "Sucre is the capital of Bolivia. Bolivia borders Chile and Peru."
    assert maker.question(chile, Composition("name", "neighbour")) is None


def test_each_answer_is_named_first_once(bolivia, peru):
    # A neighbour that is no country of the list stays in the sentence, and is never the answer.
    bolivia = dataclasses.replace(bolivia, borders=("Chile", "Patagonia", "Peru"))
    chile = dataclasses.replace(
        peru, code="cl", name="Chile", called="Chile", capitals=("Santiago",), borders=()
    )
    maker = QuestionMaker([bolivia, peru, chile])
    question = maker.question(bolivia, Composition("capital", "neighbour"))
    assert question is not None
    found = [(one.answers, one.thinking) for one in maker.for_each_answer(question)]
    back = "Sucre is the capital of Bolivia."
    assert found == [
        (("Chile", "Peru"), f"{back} Bolivia borders Chile, Patagonia and Peru."),
        (("Peru", "Chile"), f"{back} Bolivia borders Peru, Chile and Patagonia."),
    ]


def test_a_question_without_a_list_in_its_facts_is_asked_once(bolivia, peru):
    bolivia = dataclasses.replace(bolivia, borders=("Peru",))
    maker = QuestionMaker([bolivia, peru])
    for composition in (Composition("name", "neighbour"), Composition("capital", "demonym")):
        question = maker.question(bolivia, composition)
        assert question is not None
        assert list(maker.for_each_answer(question)) == [question]


def test_a_neighbour_outside_the_list_is_no_answer(questions):
    assert "name to neighbour" not in questions


def test_the_answer_is_a_name_without_its_article(bolivia, peru):
    netherlands = dataclasses.replace(peru, name="Netherlands", called="the Netherlands")
    maker = QuestionMaker([bolivia, netherlands])
    question = maker.question(netherlands, Composition("capital", "name"))
    assert question is not None
    assert question.answers == ("Netherlands",)
    assert question.thinking == "Lima is the capital of the Netherlands."


def test_an_answer_that_leads_back_to_two_countries_is_never_asked_from(bolivia, peru):
    both = dataclasses.replace(peru, currencies=bolivia.currencies)
    maker = QuestionMaker([bolivia, both])
    for country in (bolivia, both):
        kinds = {str(one.composition) for one in maker.about(country)}
        assert not any(kind.startswith("currency to") for kind in kinds)
        # What it is called is no question of which country.
        assert {"name to currency", "capital to currency"} <= kinds


def test_a_fact_with_two_answers_is_not_asked_for(bolivia):
    country = dataclasses.replace(bolivia, capitals=("Sucre", "La Paz"))
    kinds = {str(one.composition) for one in QuestionMaker([country]).about(country)}
    assert kinds
    assert not any("capital" in kind for kind in kinds)


def test_a_missing_fact_is_not_asked_for(bolivia):
    country = dataclasses.replace(bolivia, demonym="", subregion="")
    kinds = {str(one.composition) for one in QuestionMaker([country]).about(country)}
    assert not any("demonym" in kind or "subregion" in kind for kind in kinds)


def test_no_two_questions_of_a_list_have_the_same_words(bolivia, peru):
    maker = QuestionMaker([bolivia, peru])
    texts = [one.text for country in (bolivia, peru) for one in maker.about(country)]
    assert len(set(texts)) == len(texts)
