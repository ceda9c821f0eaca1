"""The rows of a step: above all, that no vector is read behind a true rationale."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from forethought.errors import ConfigError, DataError
from forethought.training import Reader, TrainRow
from forethought.training.optimizer_step import train_one_step
from forethought.training.run_folder import RunFolder
from forethought.training.train_step import TrainStep, WeightedTerm
from tests import tiny
from tests.training.listed import Unopened

STEP = 5  # the first of the stage that thinks: 3 pairs self-generated, 2 supervised, 1 direct
SELF_GENERATED, SUPERVISED = 3, 2
STAGE = tiny.recipe(Path()).stages[1]


class RecordingReader(Reader):
    """Reads as any reader and stores the rows of its last call."""

    rows: list[TrainRow] = []  # noqa: RUF012 - of the class: an instance is frozen

    def read(self, rows):
        self.rows[:] = rows
        return Reader.read(self, rows)


def step_of(step, **changes):
    """The module of a step with other parts."""
    parts = {"recipe": step.recipe, "reader": step.reader, "terms": step.terms, **changes}
    rollouts = dataclasses.replace(step.rollouts, recipe=parts["recipe"], _pending={})
    return TrainStep(parts["recipe"], rollouts, parts["reader"], terms=parts["terms"])


def recorded(recipe, out):
    """The state of a run whose reader records."""
    made = tiny.state(recipe, out)
    reader = RecordingReader(made.train_step.reader.backbone, made.train_step.reader.pad_id)
    return dataclasses.replace(made, train_step=step_of(made.train_step, reader=reader))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def state(tiny_data, out):
    return recorded(tiny.recipe(tiny_data), out)


@pytest.fixture(scope="module")
def rows(state):
    """The rows of the step: queries, then documents."""
    tiny.loss(state, STEP)
    return list(RecordingReader.rows)


def true_completions(state):
    """The true rationale of each row of the step, as tokens."""
    builder = state.train_step.rollouts.builder
    pairs = builder.draw(STEP, STAGE).pairs
    truths = [pair.rationale for pair in pairs] + [pair.document.rationale for pair in pairs]
    return [builder.renderer.write(rationale) for rationale in truths]


def test_the_three_kinds_of_rows_never_overlap(rows):
    kinds = [
        "supervised" if row.supervised else "self-generated" if row.completion else "direct"
        for row in rows
    ]
    side = ["self-generated"] * SELF_GENERATED + ["supervised"] * SUPERVISED + ["direct"]
    assert kinds == side * 2


def test_a_supervised_row_ends_in_its_true_rationale(rows, state):
    truths = true_completions(state)
    supervised = [(row, truth) for row, truth in zip(rows, truths, strict=True) if row.supervised]
    assert len(supervised) == 2 * SUPERVISED
    assert all(row.completion == truth for row, truth in supervised)


def test_only_behind_its_own_rationale_a_row_has_a_vector_more(rows):
    assert [row.thought_at for row in rows if row.supervised or not row.completion] == [None] * 6
    written = [row for row in rows if row.completion and not row.supervised]
    assert [row.thought_at for row in written] == [len(row.completion) - 1 for row in written]


def test_no_self_generated_row_holds_a_true_rationale(rows, state):
    truths = true_completions(state)
    embed_id = state.encoder.engine.completion_format.embed_id
    for row, truth in zip(rows, truths, strict=True):
        if row.completion and not row.supervised:
            assert row.completion[-1] == embed_id
            for start in range(len(truth) - 3):
                grams = zip(*(row.completion[i:] for i in range(4)), strict=False)
                assert truth[start : start + 4] not in list(grams)


def test_changing_every_true_rationale_moves_no_vector(out, tmp_path, state):
    # The same starting model; only what is true is something else.
    other_data = tiny.build(tmp_path / "other", thinking="Look: a circle, and nothing but {}y.")
    shutil.copytree(RunFolder(out).start, RunFolder(tmp_path).start)
    recipe = dataclasses.replace(tiny.recipe(other_data), fork_from=tmp_path)
    other = recorded(recipe, tmp_path / "out")
    results = []
    for made in (state, other):
        _, terms = tiny.loss(made, STEP)
        states = made.train_step.reader.read(list(RecordingReader.rows))
        results.append((states, terms))
    (states, terms), (other_states, other_terms) = results
    torch.testing.assert_close(states.thought, other_states.thought)
    torch.testing.assert_close(states.direct, other_states.direct)
    for name in ("direct", "thought", "cross_mode", "statements"):
        torch.testing.assert_close(terms[name], other_terms[name])
    assert abs(terms["next_token"] - other_terms["next_token"]) > 1e-3


def test_a_step_is_the_same_every_time(state):
    (loss, terms), (again, _) = tiny.loss(state, STEP), tiny.loss(state, STEP)
    assert loss == again
    assert set(terms) == {"direct", "thought", "cross_mode", "next_token", "statements"}


def test_the_loss_is_the_weighted_sum_of_its_terms(state):
    loss, terms = tiny.loss(state, STEP)
    weighted = 0.9 * terms["direct"] + 0.6 * terms["thought"] + 0.8 * terms["cross_mode"]
    weighted = weighted + 0.7 * terms["next_token"] + 0.3 * terms["statements"]
    torch.testing.assert_close(loss, weighted)


def test_every_weight_has_a_gradient_after_a_step_under_autocast(state):
    # Weights are cast once under autocast, and completions are sampled under it first: a cast
    # that was made without gradients must not be used again.
    network = state.network
    network.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = tiny.loss(state, STEP)
    loss.backward()
    still = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not still
    network.zero_grad(set_to_none=True)


def test_a_stage_without_self_generated_pairs_has_neither_thought_nor_cross_mode(state):
    _, terms = tiny.loss(state, 1)
    assert set(terms) == {"direct", "next_token", "statements"}


def alone(state, *terms, **changes):
    """The step of a run with one stage, which draws no pairs."""
    settings = {"batch": 0, "objectives": STAGE.objectives[-1:], "self_generated": 0.0, **changes}
    stage = dataclasses.replace(STAGE, **settings)
    recipe = dataclasses.replace(state.train_step.recipe, stages=(stage,))
    return step_of(state.train_step, recipe=recipe, terms={stage.name: terms})


def test_a_stage_without_pairs_computes_the_rest_alone(state):
    statements = state.train_step.terms["cold-start"][-1]
    step = alone(state, statements)
    (batch,) = step.batches(2)
    loss, terms = step(batch)
    assert set(terms) == {"statements"}
    torch.testing.assert_close(loss, 0.3 * terms["statements"])


def test_an_objective_that_reads_pairs_in_a_stage_without_is_refused(state):
    term = WeightedTerm("mine", 0.5, lambda inputs: inputs.pairs.queries.sum())
    step = alone(state, term)
    with pytest.raises(ConfigError, match="stage 'cold-start' has an objective that reads pairs"):
        step(step.batches(2)[0])


def test_a_step_without_any_term_is_refused(state):
    term = WeightedTerm("mine", 0.5, lambda inputs: None)
    step = alone(state, term)
    with pytest.raises(ConfigError, match="step 2: no objective of stage 'cold-start' has any"):
        step(step.batches(2)[0])


def accumulated(state, *terms):
    """A run whose steps are of 1 batch, then of 3; `terms` are added to those of the second."""
    stages = (
        dataclasses.replace(state.train_step.recipe.stages[0], steps=2),
        dataclasses.replace(STAGE, steps=2, accumulation=3),
    )
    recipe = dataclasses.replace(state.train_step.recipe, stages=stages, clip_norm=1e9)
    bound = state.train_step.terms
    bound = {**bound, "cold-start": (*bound["cold-start"], *terms)}
    step = step_of(state.train_step, recipe=recipe, terms=bound)
    return recipe, dataclasses.replace(state, train_step=step, module=step)


def test_every_batch_of_a_run_has_a_number_of_its_own(state):
    recipe, made = accumulated(state)
    batches = [batch for step in range(recipe.steps) for batch in made.train_step.batches(step)]
    assert [batch.number for batch in batches] == list(range(2 + 2 * 3))
    assert [batch.step for batch in batches] == [0, 1, 2, 2, 2, 3, 3, 3]
    assert len({batch.batch.drawn.indices for batch in batches}) == 8


def test_a_step_learns_from_the_mean_of_its_batches(tiny_data, out, tmp_path):
    shutil.copytree(RunFolder(out).start, RunFolder(tmp_path).start)
    recipe = dataclasses.replace(tiny.recipe(tiny_data), fork_from=tmp_path)
    # Of the batches 2, 3 and 4 of the step, the last alone has this term.
    term = WeightedTerm(
        "last", 0.5, lambda inputs: inputs.pairs.queries.norm() if inputs.number == 4 else None
    )
    recipe, made = accumulated(tiny.state(recipe, tmp_path / "out"), term)
    network, gradients, losses, terms = made.network, [], [], []
    for batch in made.train_step.batches(2):
        network.zero_grad(set_to_none=True)
        loss, found = made.train_step(batch)
        loss.backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
        losses.append(loss.item())
        terms.append(found)
    entry = train_one_step(recipe, made, 2, bf16=False)
    for parameter, *each in zip(network.parameters(), *gradients, strict=True):
        torch.testing.assert_close(parameter.grad, sum(each) / 3, atol=1e-6, rtol=1e-4)
    assert entry["loss"] == pytest.approx(sum(losses) / 3, abs=2e-5)
    means = entry["terms"]
    assert isinstance(means, dict)
    assert set(means) == {*terms[2]}
    assert [*terms[0]] == [*terms[1]] == [name for name in terms[2] if name != "last"]
    for name, value in means.items():
        having = [found[name].item() for found in terms if name in found]
        assert value == pytest.approx(sum(having) / len(having), abs=2e-5)


def unopened(state, count):
    """The step with so many of its examples that cannot be opened, and the indices of the others."""
    builder = state.train_step.rollouts.builder
    indices = builder.draw(STEP, STAGE).indices
    source = Unopened(builder.source, indices[:count])
    step = step_of(state.train_step)
    step.rollouts.builder = dataclasses.replace(builder, source=source)
    return step, indices[count:]


def test_an_example_that_cannot_be_opened_makes_the_batch_smaller(state):
    # Those that write are 0, 1 and 2: the last of them is left, and 3 and 4 are supervised.
    step, left = unopened(state, 2)
    (batch,) = step.batches(STEP)
    assert (batch.batch.drawn.indices, batch.batch.drawn.skipped) == (left, 2)
    loss, terms = step(batch)
    assert loss.isfinite()
    rows = RecordingReader.rows
    assert [bool(row.completion) for row in rows] == [True, True, True, False] * 2
    assert [row.supervised for row in rows] == [False, True, True, False] * 2
    assert terms["thought"].item() == pytest.approx(0, abs=1e-6)  # one pair alone
    step, _ = unopened(state, 5)
    assert set(step(*step.batches(STEP))[1]) == {"direct", "statements"}


def test_a_step_of_which_no_example_can_be_opened_computes_the_rest(state):
    step, _ = unopened(state, 6)
    assert set(step(*step.batches(STEP))[1]) == {"statements"}
    alone = step_of(step, terms={"cold-start": step.terms["cold-start"][:4]})
    alone.rollouts.builder = step.rollouts.builder
    with pytest.raises(DataError, match="step 5: none of its examples could be opened; `foretho"):
        alone(*alone.batches(STEP))
