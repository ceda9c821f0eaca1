import pytest
import torch

from forethought.engines.prompt_lookup import prompt_lookup


def drafts(*texts, count, width=14):
    """Draft tokens for each text; the numbers behind its end are undefined."""
    token_ids = torch.tensor([[*text, *[99] * (width - len(text))] for text in texts])
    last = torch.tensor([len(text) - 1 for text in texts])
    return prompt_lookup(token_ids, last, count=count).tolist()


def test_drafts_are_what_followed_the_last_two_tokens():
    assert drafts([4, 1, 2, 7, 8, 9, 1, 2], count=3) == [[7, 8, 9]]
    assert drafts([4, 1, 2, 7, 8, 9, 1, 2], count=1) == [[7]]


def test_of_several_occurrences_the_latest_is_used():
    assert drafts([1, 2, 5, 1, 2, 6, 3, 1, 2], count=2) == [[6, 3]]


def test_both_tokens_must_be_adjacent_and_in_order():
    # 2 occurs behind 3, and 2, 1 is the wrong order.
    assert drafts([0, 1, 2, 5, 3, 2, 6, 2, 1, 7, 1, 2], count=2) == [[5, 3]]


def test_rows_are_independent():
    texts = [[1, 2, 5, 6, 1, 2], [3, 1, 2, 8, 4, 4, 1, 2], [7, 7, 6, 5, 7, 7]]
    assert drafts(*texts, count=2) == [[5, 6], [8, 4], [6, 5]]


def test_an_occurrence_may_overlap_the_last_two_but_not_be_them():
    # 4, 4 occurs one position before the end, and 4 followed.
    assert drafts([1, 4, 4, 4], count=1) == [[4]]


def test_drafts_repeat_where_too_few_tokens_followed():
    assert drafts([1, 4, 4, 4], count=3) == [[4, 4, 4]]
    assert drafts([7, 1, 2, 1, 2], count=5) == [[1, 2, 1, 2, 1]]


def test_tokens_behind_the_end_are_ignored():
    token_ids = torch.tensor([[1, 2, 5, 0, 1, 2, 1, 2, 8]])
    assert prompt_lookup(token_ids, torch.tensor([5]), count=1).tolist() == [[5]]


@pytest.mark.parametrize("text", [[5], [5, 6], [1, 2, 3, 4], [3, 1, 2, 1]])
@pytest.mark.parametrize("count", [0, 1, 4])
def test_without_an_occurrence_drafts_are_arbitrary_tokens_of_the_row(text, count):
    (found,) = drafts(text, count=count)
    assert len(found) == count
    assert {*found} <= {*text, 99}


def test_drafts_near_the_end_stay_within_the_row():
    assert drafts([0, 0, 1, 2, 8, 1, 2], count=4, width=7) == [[8, 1, 2, 8]]
