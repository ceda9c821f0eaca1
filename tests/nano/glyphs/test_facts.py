import dataclasses

from forethought.nano.glyphs.facts import facts_of, join_words, statements


def test_every_fact_is_stated_both_ways(bolivia):
    sentences = statements(bolivia)
    assert {
        "The capital of Bolivia is Sucre.",
        "Sucre is the capital of Bolivia.",
        "People from Bolivia are called Bolivian.",
        "Bolivian is what people from Bolivia are called.",
        "The Bolivian boliviano is the currency of Bolivia.",
        "Bolivia is in South America.",
        "Aymara is spoken in Bolivia.",
        "Bolivia borders Argentina and Brazil.",
        "One country that borders Argentina and Brazil is Bolivia.",
        "Bolivia borders Brazil.",
        "Bolivia is landlocked.",
        "One landlocked country is Bolivia.",
    } <= set(sentences)


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


def test_a_disputed_fact_is_not_stated(bolivia):
    country = dataclasses.replace(bolivia, capitals=(), demonym="", currencies=(), subregion="")
    assert {fact.relation for fact in facts_of(country)} == {"language", "borders"}
    assert not any("capital" in words or " in ." in words for words in statements(country))


def test_a_sentence_starts_upper_case_even_with_an_article(bolivia):
    country = dataclasses.replace(bolivia, called="the Netherlands", landlocked=False)
    assert "The Netherlands is not landlocked." in statements(country)
    assert not any("landlocked country" in words for words in statements(country))


def test_words_are_joined_as_english():
    assert [join_words(("a", "b", "c")[:count]) for count in range(4)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
