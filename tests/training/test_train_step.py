"""What a step reads: above all, that no vector is read behind a rationale that was given away."""

import dataclasses
from pathlib import Path

import pytest
import torch

from forethought.training.batch_builder import Row
from forethought.training.forward import Reader
from forethought.training.state import build_train_state
from forethought.training.train_step import rate_at
from tests import tiny

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
    made = build_train_state(tiny.recipe(data), out)
    reader = Listening(made.backbone, made.train_step.reader.pad_id)
    made.train_step.reader = reader
    return made


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture(scope="module")
def state(tiny_data, out):
    return open_at(tiny_data, out)


@pytest.fixture(scope="module")
def rows(state):
    """The rows of the step: queries, then documents."""
    state.train_step.loss(STEP)
    return list(Listening.heard)


def true_completions(state):
    """What each row of the step would be taught."""
    _, examples = state.train_step.material.examples(STEP, STAGE)
    said = [e.query_rationale for e in examples] + [e.document_rationale for e in examples]
    return [state.train_step.material.renderer.write(rationale) for rationale in said]


def test_own_taught_and_direct_rows_never_overlap(rows):
    kinds = ["taught" if row.taught else "own" if row.completion else "direct" for row in rows]
    side = ["own"] * OWN + ["taught"] * TAUGHT + ["direct"]
    assert kinds == side * 2


def test_a_taught_row_ends_in_its_true_rationale(rows, state):
    truths = true_completions(state)
    taught = [(row, truth) for row, truth in zip(rows, truths, strict=True) if row.taught]
    assert len(taught) == 2 * TAUGHT
    assert all(row.completion == truth for row, truth in taught)


def test_no_own_row_holds_a_true_rationale(rows, state):
    truths = true_completions(state)
    for row, truth in zip(rows, truths, strict=True):
        if row.completion and not row.taught:
            assert row.completion[-1] == state.train_step.engine.completion_format.embed_id
            for start in range(len(truth) - 3):
                window = truth[start : start + 4]
                held = zip(*(row.completion[i:] for i in range(4)), strict=False)
                assert window not in list(held)


def test_every_row_asks_for_its_own_input(rows, state):
    _, examples = state.train_step.material.examples(STEP, STAGE)
    queries, documents = state.train_step.material.prompts(examples)
    expected = [prompt.token_ids for prompt in (*queries, *documents)]
    assert [row.prompt.token_ids for row in rows] == expected


def test_changing_every_true_rationale_moves_no_vector(out, tmp_path, state):
    # The same tokenizer, hence the same network; only what is true is another thing.
    lies = tiny.build(tmp_path / "lies", thinking="Look: a circle, and nothing but {}y.")
    other = open_at(lies, out)
    results = []
    for made in (state, other):
        made.train_step.loss(STEP)
        states = made.train_step.reader.read(list(Listening.heard))
        _, terms = made.train_step.loss(STEP)
        results.append((states, terms))
    (states, terms), (lied, lied_terms) = results
    torch.testing.assert_close(states.thought, lied.thought)
    torch.testing.assert_close(states.direct, lied.direct)
    for name in ("direct", "thought", "cross", "statements"):
        torch.testing.assert_close(terms[name], lied_terms[name])
    assert abs(terms["next_token"] - lied_terms["next_token"]) > 1e-3


def test_a_step_is_the_same_whenever_it_is_asked(state):
    (loss, terms), (again, _) = state.train_step.loss(STEP), state.train_step.loss(STEP)
    assert loss == again
    assert set(terms) == {"direct", "thought", "cross", "next_token", "statements"}
    weighed = 0.9 * terms["direct"] + 0.6 * terms["thought"] + 0.8 * terms["cross"]
    weighed = weighed + 0.7 * terms["next_token"] + 0.3 * terms["statements"]
    torch.testing.assert_close(loss, weighed)


def test_every_weight_learns_from_a_step_that_thinks_as_training_runs_it(state):
    # Weights are cast once under autocast, and the rationales are written under it first:
    # a cast that remembers no gradient must not be used again.
    network = state.backbone.network
    network.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = state.train_step.loss(STEP)
    loss.backward()
    still = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not still
    network.zero_grad(set_to_none=True)


def test_rationales_are_written_for_a_block_of_steps_and_no_further_than_the_stage(state):
    # Three steps ahead, blocks ending at multiples of three: 5, then 6 to 8, then 9 and 10.
    train_step = dataclasses.replace(state.train_step, _written={})
    left = []
    for step in range(5, 11):
        train_step.loss(step)
        left.append(sorted(train_step.written))
    assert left == [[], [7, 8], [8], [], [10], []]


def test_what_was_written_ahead_is_taken_up_by_a_resumed_run(state):
    first = dataclasses.replace(state.train_step, _written={})
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


def test_a_stage_without_thinking_has_neither_thought_nor_cross(state):
    _, terms = state.train_step.loss(1)
    assert set(terms) == {"direct", "next_token", "statements"}


def test_a_stage_without_pairs_sees_the_rest_alone(state):
    alone = dataclasses.replace(STAGE, batch=0)
    recipe = dataclasses.replace(state.train_step.recipe, stages=(alone,))
    train_step = dataclasses.replace(state.train_step, recipe=recipe, _written={})
    loss, terms = train_step.loss(2)
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
