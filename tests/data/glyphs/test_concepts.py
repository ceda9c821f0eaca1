from forethought.data.glyphs.concepts import MOST_KEYWORDS, merge_keywords


def test_what_more_sources_say_comes_first():
    merged = merge_keywords(
        "red apple", [["fruit", "health"], ["health_food", "fruit"], ["health"]]
    )
    assert merged == ("fruit", "health", "health food")


def test_the_name_itself_and_bare_signs_are_no_keywords():
    assert merge_keywords("cat", [["cat", "Cat", ":3", "😀", "\u2013", "o\u2019clock"]]) == (
        ":3",
        "o'clock",
    )


def test_a_source_counts_once():
    assert merge_keywords("x", [["b", "a", "a"], ["b"]]) == ("b", "a")


def test_a_list_has_an_end():
    assert len(merge_keywords("x", [[f"word {at}" for at in range(40)]])) == MOST_KEYWORDS
