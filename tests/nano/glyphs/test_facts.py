import dataclasses

from forethought.nano.glyphs.facts import facts_of, join_words


def test_every_fact_is_worded_from_both_ends(bolivia):
    facts = {(fact.forward, fact.backward) for fact in facts_of(bolivia)}
    assert facts == {
        ("The capital of Bolivia is Sucre.", "Sucre is the capital of Bolivia."),
        (
            "People from Bolivia are called Bolivian.",
            "Bolivian is what people from Bolivia are called.",
        ),
        (
            "The currency of Bolivia is the Bolivian boliviano.",
            "The Bolivian boliviano is the currency of Bolivia.",
        ),
        ("Bolivia is in South America.", "One country in South America is Bolivia."),
        ("One language of Bolivia is Aymara.", "Aymara is spoken in Bolivia."),
        ("One language of Bolivia is Spanish.", "Spanish is spoken in Bolivia."),
        (
            "Bolivia borders Argentina and Brazil.",
            "One country that borders Argentina and Brazil is Bolivia.",
        ),
    }


def test_one_of_three_capitals_is_not_called_the_capital(bolivia):
    country = dataclasses.replace(
        bolivia, name="South Africa", called="South Africa", capitals=("Pretoria", "Cape Town")
    )
    capitals = [fact for fact in facts_of(country) if fact.relation == "capital"]
    assert [fact.forward for fact in capitals] == [
        "A capital of South Africa is Pretoria.",
        "A capital of South Africa is Cape Town.",
    ]
    assert not any(fact.unique for fact in capitals)


def test_a_disputed_fact_is_none(bolivia):
    country = dataclasses.replace(bolivia, capitals=(), demonym="", currencies=(), subregion="")
    assert {fact.relation for fact in facts_of(country)} == {"language", "borders"}


def test_a_sentence_starts_upper_case_even_with_an_article(bolivia):
    country = dataclasses.replace(bolivia, called="the Netherlands")
    assert "The Netherlands is in South America." in {one.forward for one in facts_of(country)}


def test_words_are_joined_as_english():
    assert [join_words(("a", "b", "c")[:count]) for count in range(4)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
