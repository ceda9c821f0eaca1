import dataclasses
import json

import pytest

from forethought.training import RunOptions, train
from forethought.training.run_folder import RunFolder
from forethought.training.run_log import TokenRate, describe, scalars
from tests import tiny
from tests.fakes import RecordedProgress

ENTRY = {
    "step": 6,
    "stage": "cold-start",
    "rate": 0.002,
    "loss": 3.25,
    "norm": 0.75,
    "tokens": 1200,
    "terms": {"direct": 1.5, "facts": 0.125},
}


def test_a_step_in_words_has_stage_loss_terms_and_rate():
    assert describe(ENTRY, tokens_per_second=12345.6) == (
        "cold-start loss 3.250, 12,346 tokens/s (direct 1.500, facts 0.125)"
    )


def test_scalars_are_the_numbers_of_a_step():
    assert scalars(ENTRY, tokens_per_second=9.5) == {
        "loss": 3.25,
        "rate": 0.002,
        "norm": 0.75,
        "terms/direct": 1.5,
        "terms/facts": 0.125,
        "tokens_per_second": 9.5,
    }


def test_the_rate_is_the_mean_since_the_start_of_the_call():
    rate = TokenRate(began=100.0)
    assert rate.add(30, 102.0) == pytest.approx(15.0)  # 30 tokens in 2 s
    assert rate.add(60, 103.0) == pytest.approx(30.0)  # 90 in 3 s


def test_the_rate_forgets_what_is_long_ago():
    rate = TokenRate(began=0.0)
    for step in range(40):
        rate.add(1000, float(step + 1))
    found = [rate.add(10, float(step + 1)) for step in range(40, 80)]
    assert found[0] > 900
    assert found[-1] == pytest.approx(10.0)


def test_a_run_is_tracked_and_a_resumed_one_goes_on_with_it(tiny_data, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    recipe = dataclasses.replace(tiny.recipe(tiny_data), stages=tiny.recipe(tiny_data).stages[:1])
    recorded = RecordedProgress()
    for _ in range(2):
        train(
            recipe,
            tmp_path,
            fresh=False,
            max_steps=2,
            options=RunOptions(track=("tensorboard",)),
            open_progress=recorded,
        )
    lines = RunFolder(tmp_path).journal.read_text().splitlines()
    journal = [json.loads(line) for line in lines]
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    for name in ("loss", "rate", "norm"):
        found = events.Scalars(name)
        assert [event.step for event in found] == [0, 1, 2, 3]
        assert [e.value for e in found] == pytest.approx([entry[name] for entry in journal])
    assert all(event.value > 0 for event in events.Scalars("tokens_per_second"))
    assert all(entry["tokens"] > 0 for entry in journal)
    assert all("tokens/s" in label for *_, label in recorded.parts["training tiny"])
