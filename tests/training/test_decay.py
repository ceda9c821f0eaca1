import dataclasses
from pathlib import Path

import pytest

from forethought.training.decay import Decay
from tests import tiny


def test_a_line_falls_by_equal_parts():
    assert [Decay.LINEAR.at(left) for left in (1.0, 0.75, 0.2, 0.0)] == [1.0, 0.75, 0.2, 0.0]


def test_a_cosine_falls_slowly_at_both_ends():
    # (1 - cos(pi x)) / 2: at 2/3 the cosine is -1/2, so 3/4; at 1/3 it is 1/2, so 1/4.
    heights = [Decay.COSINE.at(left) for left in (1.0, 2 / 3, 0.5, 1 / 3, 0.0)]
    assert heights == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.0])


def test_a_stage_falls_on_its_curve_towards_its_final_rate():
    stage = dataclasses.replace(
        tiny.stage("any", data=Path("data"), steps=9, rate=0.6),
        warmup=2,
        cooldown=6,
        final_rate=0.1,
        decay=Decay.COSINE,
    )
    # Between 0.06 and 0.6 by the shares of steps left: 6/6, 5/6, 4/6, 3/6, 2/6, 1/6, whose
    # heights are 1, 0.9330, 0.75, 0.5, 0.25 and 0.0670.
    falling = [0.6, 0.563827, 0.465, 0.33, 0.195, 0.096173]
    rates = [stage.rate_at(index) for index in range(9)]
    assert rates == pytest.approx([0.3, 0.6, 0.6, *falling], abs=1e-6)


def test_a_whole_cosine_is_that_of_transformers():
    import torch
    from transformers import get_cosine_schedule_with_warmup

    warmup, steps = 3, 17
    stage = dataclasses.replace(
        tiny.stage("any", data=Path("data"), steps=steps, rate=0.6),
        warmup=warmup,
        cooldown=steps - warmup,
        final_rate=0.0,
        decay=Decay.COSINE,
    )
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.6)
    schedule = get_cosine_schedule_with_warmup(optimizer, warmup, steps)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    # Theirs starts to rise from 0, ours from a part of the peak.
    assert [stage.rate_at(index) for index in range(warmup, steps)] == pytest.approx(rates[warmup:])
