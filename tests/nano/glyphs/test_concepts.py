import pytest

from forethought.nano.glyphs.concepts import MOST_KEYWORDS, merge_keywords


def test_keywords_of_more_sources_come_first():
    merged = merge_keywords(
        "red apple", [["fruit", "health"], ["health_food", "fruit"], ["health"]]
    )
    assert merged == ("fruit", "health", "health food")


def test_the_name_and_bare_signs_are_no_keywords():
    assert merge_keywords("cat", [["cat", "Cat", ":3", "😀", "\u2013", "o\u2019clock"]]) == (
        ":3",
        "o'clock",
    )


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("donkey", "ass"),
        ("eggplant", "phallic"),
        ("girl", "virgin"),
        ("man wearing turban", "arabs"),
        ("middle finger", "fu"),
        ("nerd face", "dork"),
        ("new moon face", "molester"),
        ("peach", "butt"),
        ("pile of poo", "turd"),
        ("poo", "shit"),
        ("rooster", "cock"),
        ("wheelchair", "handicapped"),
    ],
)
def test_obscene_and_demeaning_words_are_no_keywords(name, word):
    assert merge_keywords(name, [[word, "plain"], [word.upper()]]) == ("plain",)


def test_a_word_that_contains_an_obscene_one_stays():
    words = ["bass", "cockerel", "embarrass", "grape", "shuttlecock"]
    assert merge_keywords("x", [words]) == tuple(words)


def test_a_source_counts_once():
    assert merge_keywords("x", [["b", "a", "a"], ["b"]]) == ("b", "a")


def test_a_list_is_cut_at_the_most_keywords():
    assert len(merge_keywords("x", [[f"word {at}" for at in range(40)]])) == MOST_KEYWORDS
