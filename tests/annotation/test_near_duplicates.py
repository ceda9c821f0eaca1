import pytest

from forethought.annotation.near_duplicates import near_duplicates


def test_the_distance_is_levenshteins_over_the_longer_length():
    # "kitten" to "sitting" takes 3 edits; the longer has 7 letters: 3/7 = 0.43.
    assert near_duplicates(["kitten", "sitting"], distance=0.44) == [1]
    assert near_duplicates(["kitten", "sitting"], distance=0.42) == []


def test_case_and_spaces_do_not_count():
    assert near_duplicates(["A red  bus", "a RED\nbus"], distance=0.05) == [1]


def test_a_duplicate_of_a_duplicate_is_compared_with_what_stays():
    # Each is one letter of ten from the one before: the third is two from the first.
    texts = ["aaaaaaaaaa", "aaaaaaaaab", "aaaaaaaabb"]
    assert near_duplicates(texts, distance=0.15) == [1]


@pytest.mark.parametrize("texts", [[], ["a"]])
def test_one_text_repeats_nothing(texts):
    assert near_duplicates(texts, distance=0.1) == []


def test_a_distance_of_zero_rejects_none():
    assert near_duplicates(["a", "a"], distance=0.0) == []
