"""What a step reads: above all, that no vector is read behind a rationale that was given away."""

import dataclasses
from pathlib import Path

import pytest
import torch
from tests import tiny

from forethought.training.forward import Reader
from forethought.training.batch_builder import Row
from forethought.training.train_step import rate_at
from forethought.training.state import open_workshop

STEP = 5  # the first of the stage in which the model thinks: 3 pairs own, 2 taught, 1 direct
OWN, TAUGHT = 3, 2
STAGE = tiny.recipe(Path()).stages[1]


class Listening(Reader):
    """Reads as any reader and remembers the rows of its last call."""

    heard: list[Row] = []  # noqa: RUF012 - of the class: a frozen instance keeps nothing

    def read(self, rows):
        self.heard[:] = rows
        return Reader.read(self, rows)


def open_at(data, out):
    """A workshop whose reader can be asked what it read."""
    made = open_workshop(tiny.recipe(data), out)
    reader = Listening(made.backbone, made.stepper.reader.pad_id)
    made.stepper.reader = reader
    return made


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture(scope="module")
def workshop(tiny_data, out):
    return open_at(tiny_data, out)


@pytest.fixture(scope="module")
def rows(workshop):
    """The rows of the step: queries, then documents."""
    workshop.stepper.loss(STEP)
    return list(Listening.heard)


def true_completions(workshop):
    """What each row of the step would be taught."""
    _, examples = workshop.stepper.material.examples(STEP, STAGE)
    said = [e.query_rationale for e in examples] + [e.document_rationale for e in examples]
    return [workshop.stepper.material.renderer.write(rationale) for rationale in said]


def test_own_taught_and_direct_rows_never_overlap(rows):
    kinds = ["taught" if row.taught else "own" if row.completion else "direct" for row in rows]
    side = ["own"] * OWN + ["taught"] * TAUGHT + ["direct"]
    assert kinds == side * 2


def test_a_taught_row_ends_in_its_true_rationale(rows, workshop):
    truths = true_completions(workshop)
    taught = [(row, truth) for row, truth in zip(rows, truths, strict=True) if row.taught]
    assert len(taught) == 2 * TAUGHT
    assert all(row.completion == truth for row, truth in taught)


def test_no_own_row_holds_a_true_rationale(rows, workshop):
    truths = true_completions(workshop)
    for row, truth in zip(rows, truths, strict=True):
        if row.completion and not row.taught:
            assert row.completion[-1] == workshop.stepper.engine.grammar.embed_id
            for start in range(len(truth) - 3):
                window = truth[start : start + 4]
                held = zip(*(row.completion[i:] for i in range(4)), strict=False)
                assert window not in list(held)


def test_every_row_asks_for_its_own_input(rows, workshop):
    _, examples = workshop.stepper.material.examples(STEP, STAGE)
    queries, documents = workshop.stepper.material.prompts(examples)
    expected = [prompt.token_ids for prompt in (*queries, *documents)]
    assert [row.prompt.token_ids for row in rows] == expected


def test_changing_every_true_rationale_moves_no_vector(out, tmp_path, workshop):
    # The same tokenizer, hence the same network; only what is true is another thing.
    lies = tiny.build(tmp_path / "lies", thinking="Look: a circle, and nothing but {}y.")
    other = open_at(lies, out)
    results = []
    for made in (workshop, other):
        made.stepper.loss(STEP)
        states = made.stepper.reader.read(list(Listening.heard))
        _, terms = made.stepper.loss(STEP)
        results.append((states, terms))
    (states, terms), (lied, lied_terms) = results
    torch.testing.assert_close(states.thought, lied.thought)
    torch.testing.assert_close(states.direct, lied.direct)
    for name in ("direct", "thought", "cross", "statements"):
        torch.testing.assert_close(terms[name], lied_terms[name])
    assert abs(terms["next_token"] - lied_terms["next_token"]) > 1e-3


def test_a_step_is_the_same_whenever_it_is_asked(workshop):
    (loss, terms), (again, _) = workshop.stepper.loss(STEP), workshop.stepper.loss(STEP)
    assert loss == again
    assert set(terms) == {"direct", "thought", "cross", "next_token", "statements"}
    weighed = 0.9 * terms["direct"] + 0.6 * terms["thought"] + 0.8 * terms["cross"]
    weighed = weighed + 0.7 * terms["next_token"] + 0.3 * terms["statements"]
    torch.testing.assert_close(loss, weighed)


def test_every_weight_learns_from_a_step_that_thinks_as_training_runs_it(workshop):
    # Weights are cast once under autocast, and the rationales are written under it first:
    # a cast that remembers no gradient must not be used again.
    network = workshop.backbone.network
    network.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = workshop.stepper.loss(STEP)
    loss.backward()
    still = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not still
    network.zero_grad(set_to_none=True)


def test_rationales_are_written_for_a_block_of_steps_and_no_further_than_the_stage(workshop):
    # Three steps ahead, blocks ending at multiples of three: 5, then 6 to 8, then 9 and 10.
    stepper = dataclasses.replace(workshop.stepper, _written={})
    left = []
    for step in range(5, 11):
        stepper.loss(step)
        left.append(sorted(stepper.written))
    assert left == [[], [7, 8], [8], [], [10], []]


def test_what_was_written_ahead_is_taken_up_by_a_resumed_run(workshop):
    first = dataclasses.replace(workshop.stepper, _written={})
    first.loss(6)
    resumed = dataclasses.replace(first, _written={})
    resumed.take_up(first.written)
    assert resumed.written == first.written
    first.loss(7)
    rows = list(Listening.heard)
    resumed.loss(7)
    for row, again in zip(rows, Listening.heard, strict=True):
        assert row.prompt.token_ids == again.prompt.token_ids
        assert (row.completion, row.taught) == (again.completion, again.taught)


def test_a_stage_without_thinking_has_neither_thought_nor_cross(workshop):
    _, terms = workshop.stepper.loss(1)
    assert set(terms) == {"direct", "next_token", "statements"}


def test_a_stage_without_pairs_sees_the_rest_alone(workshop):
    alone = dataclasses.replace(STAGE, batch=0)
    recipe = dataclasses.replace(workshop.stepper.recipe, stages=(alone,))
    stepper = dataclasses.replace(workshop.stepper, recipe=recipe, _written={})
    loss, terms = stepper.loss(2)
    assert set(terms) == {"statements"}
    torch.testing.assert_close(loss, 0.3 * terms["statements"])


def test_the_rate_warms_up_holds_and_falls():
    # Two steps up to 0.6, hold, then over the last four from 0.6 down towards a tenth of it:
    # shares 4/4, 3/4, 2/4, 1/4 of the way between 0.06 and 0.6.
    stage = dataclasses.replace(
        tiny.stage("any", steps=9, own=0.0, rate=0.6), warmup=2, cooldown=4, final_rate=0.1
    )
    rates = [rate_at(stage, at) for at in range(9)]
    assert rates == pytest.approx([0.3, 0.6, 0.6, 0.6, 0.6, 0.6, 0.465, 0.33, 0.195])


def test_the_rate_may_hold_to_the_end():
    stage = dataclasses.replace(
        tiny.stage("any", steps=3, own=0.0, rate=0.6), warmup=1, cooldown=0, final_rate=1.0
    )
    assert [rate_at(stage, at) for at in range(3)] == [0.6, 0.6, 0.6]
