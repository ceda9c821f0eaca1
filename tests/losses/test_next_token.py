import math

import pytest
import torch

from forethought.losses import next_token


def test_matches_a_value_worked_out_by_hand():
    # Odds 6 : 2 : 1 : 1 and 1 : 1 : 1 : 1; tokens 1 and 3 have 2/10 and 1/4.
    logits = torch.tensor([[6.0, 2.0, 1.0, 1.0], [5.0, 5.0, 5.0, 5.0]]).log()
    losses = next_token(logits, torch.tensor([1, 3]))
    assert losses.tolist() == pytest.approx([math.log(5), math.log(4)], abs=1e-6)


def test_half_precision_scores_are_summed_in_full():
    generator = torch.Generator().manual_seed(2)
    logits = (torch.randn(5, 300, generator=generator) * 4).bfloat16()
    targets = torch.arange(5)
    found = next_token(logits, targets)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, next_token(logits.float(), targets))
