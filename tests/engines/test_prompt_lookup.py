import pytest
import torch

from forethought.engines.prompt_lookup import prompt_lookup


def guessed(*texts, count, room=14):
    """Guesses behind each text; what stands behind its end belongs to nobody."""
    history = torch.tensor([[*text, *[99] * (room - len(text))] for text in texts])
    lengths = torch.tensor([len(text) - 1 for text in texts])
    return prompt_lookup(history, lengths, count=count).tolist()


def test_what_followed_the_last_two_tokens_is_guessed():
    assert guessed([4, 1, 2, 7, 8, 9, 1, 2], count=3) == [[7, 8, 9]]
    assert guessed([4, 1, 2, 7, 8, 9, 1, 2], count=1) == [[7]]


def test_of_several_places_the_latest_is_taken():
    assert guessed([1, 2, 5, 1, 2, 6, 3, 1, 2], count=2) == [[6, 3]]


def test_both_tokens_must_stand_together_in_this_order():
    # 2 stood there, but behind 3; 2, 1 is the wrong way round.
    assert guessed([0, 1, 2, 5, 3, 2, 6, 2, 1, 7, 1, 2], count=2) == [[5, 3]]


def test_each_row_guesses_from_its_own_text():
    texts = [[1, 2, 5, 6, 1, 2], [3, 1, 2, 8, 4, 4, 1, 2], [7, 7, 6, 5, 7, 7]]
    assert guessed(*texts, count=2) == [[5, 6], [8, 4], [6, 5]]


def test_the_last_two_themselves_are_no_place_and_one_that_overlaps_them_is():
    # 4, 4 stood one place before the end: 4 followed.
    assert guessed([1, 4, 4, 4], count=1) == [[4]]


def test_a_guess_goes_round_where_what_followed_comes_to_its_end():
    assert guessed([1, 4, 4, 4], count=3) == [[4, 4, 4]]
    assert guessed([7, 1, 2, 1, 2], count=5) == [[1, 2, 1, 2, 1]]


def test_what_stands_behind_the_end_is_not_looked_in():
    history = torch.tensor([[1, 2, 5, 0, 1, 2, 1, 2, 8]])
    assert prompt_lookup(history, torch.tensor([5]), count=1).tolist() == [[5]]


@pytest.mark.parametrize("text", [[5], [5, 6], [1, 2, 3, 4], [3, 1, 2, 1]])
@pytest.mark.parametrize("count", [0, 1, 4])
def test_where_nothing_is_found_some_tokens_are_guessed_all_the_same(text, count):
    (found,) = guessed(text, count=count)
    assert len(found) == count
    assert {*found} <= {*text, 99}


def test_guesses_near_the_end_of_the_room_stay_within_it():
    assert guessed([0, 0, 1, 2, 8, 1, 2], count=4, room=7) == [[8, 1, 2, 8]]
