import torch

from benchmarks.policy import Rules
from forethought.types import CompletionFormat

GRAMMAR = CompletionFormat(embed_id=5, start=(4,), end_ids=(2, 3), forbidden=(1,))


def next_tokens(written, scores):
    """What rows of a prompt of two tokens write after `written`."""
    rules = Rules(GRAMMAR, budget=3, prompt=2, close_id=2)
    # The prompt spells the embed token: it must not count as written.
    ids = torch.tensor([[5, 6, *row] for row in written])
    return rules(ids, torch.tensor(scores)).argmax(1).tolist()


def test_the_start_is_written_whatever_the_scores():
    assert next_tokens([[], []], [[0.0] * 6 + [9.0]] * 2) == [4, 4]


def test_a_forbidden_token_is_passed_over():
    assert next_tokens([[4]], [[0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 3.0]]) == [6]


def test_ending_without_embedding_and_the_budgets_end_force_the_embed_token():
    assert next_tokens([[4]], [[0.0, 0.0, 0.0, 7.0, 0.0, 0.0, 1.0]]) == [5]
    assert next_tokens([[4, 6, 6]], [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]]) == [5]


def test_a_row_that_embedded_ends_while_others_go_on():
    likes_six = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]
    assert next_tokens([[4, 5], [4, 6]], [likes_six, likes_six]) == [2, 6]
