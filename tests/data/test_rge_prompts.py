import pytest

from forethought.data.rge_prompts import QUERIES, TARGETS, PromptRewrite


def test_both_sides_of_all_twenty_subsets_are_rewritten():
    assert len(QUERIES) == len(TARGETS) == 20
    assert QUERIES.keys() == TARGETS.keys()


@pytest.mark.parametrize(
    ("subset", "text", "expected"),
    [
        (
            "ChartQA",
            "\nRepresent the given image with the following question: how many?\n",
            "\nAnswer a chart-related question based on the given image: how many?\n",
        ),
        (
            "VOC2007",
            "\nIdentify the object shown in the image\n",
            "\nIdentify the category of the main object in the given image for classification\n",
        ),
        ("CIRR", "another wording", "another wording"),
    ],
)
def test_a_query_is_reworded_where_it_has_the_published_wording(subset, text, expected):
    assert QUERIES[subset].apply(text) == expected


@pytest.mark.parametrize(
    ("subset", "text", "expected"),
    [
        ("SUN397", "beach", "Summarize the following scene category in one word: beach"),
        (
            "HatefulMemes",
            "No",
            "Summarize the following statement in one word: No, it does not contain hateful speech.",
        ),
        ("HatefulMemes", "Nothing", "Nothing"),
        ("NIGHTS", "Represent the given image.\n", "Summarize the given image in one word.\n"),
    ],
)
def test_a_target_is_to_be_one_word(subset, text, expected):
    assert TARGETS[subset].apply(text) == expected


def test_a_rewrite_of_nothing_changes_nothing():
    assert PromptRewrite().apply("a text") == "a text"
