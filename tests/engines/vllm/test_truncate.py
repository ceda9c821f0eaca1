import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines import Completion, DecodeOptions
from forethought.engines.stopping import ENDINGS, RUNNING, StopCriteria, update_repeat_counts
from forethought.engines.vllm.truncate import truncate
from forethought.types import CompletionFormat, Ending

FORMAT = CompletionFormat(embed_id=11, start=(7, 8), end_ids=(2, 3), forbidden=(4, 0))


@pytest.mark.parametrize(
    ("token_ids", "expected", "ending"),
    [
        ((20, 11), (20, 11), Ending.EMBED),
        ((11,), (11,), Ending.EMBED),
        # Tokens behind an end are dropped.
        ((20, 11, 30), (20, 11), Ending.EMBED),
        ((20, 3), (20, 11), Ending.MALFORMED),
        ((20, 21, 22, 23, 24), (20, 21, 22, 23, 24, 11), Ending.LENGTH),
        # The sixth token is over the budget, whatever it is.
        ((20, 21, 22, 23, 24, 11), (20, 21, 22, 23, 24, 11), Ending.LENGTH),
        # The context was full before the budget.
        ((20, 21), (20, 21, 11), Ending.LENGTH),
        ((), (11,), Ending.LENGTH),
    ],
)
def test_a_completion_is_cut_at_the_token_that_ends_it(token_ids, expected, ending):
    assert truncate(token_ids, FORMAT, DecodeOptions(5)) == Completion(expected, ending)


def test_a_loop_is_cut_with_its_last_token_replaced():
    token_ids = (20, *(21, 22) * 3, 30)
    assert truncate(token_ids, FORMAT, DecodeOptions(40, repeats=3)) == Completion(
        (20, 21, 22, 21, 22, 21, 11), Ending.LOOP
    )
    assert truncate(token_ids, FORMAT, DecodeOptions(40, repeats=4)).ending is Ending.LENGTH
    assert truncate(token_ids, FORMAT, DecodeOptions(40, repeats=0)).ending is Ending.LENGTH


@given(
    tokens=st.lists(st.sampled_from([20, 20, 20, 21, 21, 2, 11]), max_size=24),
    budget=st.integers(1, 20),
    repeats=st.integers(0, 4),
)
def test_it_is_cut_where_the_local_engine_ends_it(tokens, budget, repeats):
    options = DecodeOptions(budget, repeats=repeats)
    stop = StopCriteria(FORMAT, budget, repeats)
    counts = torch.zeros(1, 15, dtype=torch.long)
    token_ids = torch.tensor([[*tokens, 0]])
    expected = Completion((*tokens, 11), Ending.LENGTH)
    for index, token in enumerate(tokens):
        next_ids, length = torch.tensor([token]), torch.tensor([index])
        counts = update_repeat_counts(
            counts, next_ids, token_ids=token_ids, starts=torch.tensor([0]), lengths=length
        )
        code = int(stop(next_ids, length, counts))
        if code != RUNNING:
            expected = Completion((*tokens[:index], 11), ENDINGS[code])
            break
    assert truncate(tuple(tokens), FORMAT, options) == expected
