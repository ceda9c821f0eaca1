import torch

from benchmarks.completion_rules import CompletionRules
from forethought.types import CompletionFormat

FORMAT = CompletionFormat(embed_id=5, start=(4,), end_ids=(2, 3), forbidden=(1,))


def next_tokens(completions, scores):
    """The next tokens of rows with a prompt of two tokens and these completions."""
    rules = CompletionRules(FORMAT, budget=3, prompt=2, close_id=2)
    # The prompt holds the embed token: it must not count as part of the completion.
    ids = torch.tensor([[5, 6, *row] for row in completions])
    return rules(ids, torch.tensor(scores)).argmax(1).tolist()


def test_the_start_is_forced_whatever_the_scores():
    assert next_tokens([[], []], [[0.0] * 6 + [9.0]] * 2) == [4, 4]


def test_a_forbidden_token_is_never_chosen():
    assert next_tokens([[4]], [[0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 3.0]]) == [6]


def test_an_early_end_and_the_budget_force_the_embed_token():
    assert next_tokens([[4]], [[0.0, 0.0, 0.0, 7.0, 0.0, 0.0, 1.0]]) == [5]
    assert next_tokens([[4, 6, 6]], [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]]) == [5]


def test_a_row_ends_after_its_embed_token_while_others_continue():
    prefers_six = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]
    assert next_tokens([[4, 5], [4, 6]], [prefers_six, prefers_six]) == [2, 6]
