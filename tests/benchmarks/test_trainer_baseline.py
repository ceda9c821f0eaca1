"""The plain Trainer computes our loss and our gradients, so that it is timed at the same work."""

import dataclasses
from typing import Any

import pytest
import torch

from benchmarks import train_setups
from benchmarks.trainer_baseline import trainer_run
from forethought.errors import ConfigError


@pytest.fixture
def glyphs(tiny_data, tiny_model):
    """Our own format, and pairs some of which have one document."""
    data = {"use": "forethought.nano:GlyphExamples", "folder": tiny_data.as_posix()}
    table = train_setups.recipe_table(str(tiny_model), data, batch=9)
    return train_setups.checkpoint_setup("tiny", table)


def gradients(setup, compute):
    """The loss, and the gradient of every weight."""
    network = setup.state.network
    network.zero_grad(set_to_none=True)
    loss = compute()
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in network.named_parameters()}


@pytest.mark.parametrize("sparse_logits", [False, True], ids=["all logits", "sparse logits"])
@pytest.mark.parametrize("name", ["glyphs", "train_setup"])
def test_loss_and_gradients_are_ours(name, sparse_logits, request, tmp_path):
    setup = request.getfixturevalue(name)
    run: Any = trainer_run(setup, steps=1, folder=str(tmp_path), sparse_logits=sparse_logits)
    # Whatever this processor trains in: our loss below has no autocast.
    run.trainer.args.bf16 = False
    inputs = run.trainer.data_collator([run.trainer.train_dataset[3]])
    (batch,) = setup.state.train_step.batches(3)
    loss, expected = gradients(setup, lambda: setup.state.module(batch)[0])
    found, theirs = gradients(setup, lambda: run.trainer.compute_loss(setup.state.network, inputs))
    torch.testing.assert_close(found, loss, atol=1e-5, rtol=1e-5)
    for weight, gradient in expected.items():
        torch.testing.assert_close(theirs[weight], gradient, atol=1e-4, rtol=1e-3, msg=weight)


def test_documents_of_one_label_are_no_negatives(glyphs, tmp_path):
    run: Any = trainer_run(glyphs, steps=1, folder=str(tmp_path))
    drawn = glyphs.drawn(0)
    ignored = run.trainer.data_collator([drawn])["ignored"]
    labels = [pair.document.label for pair in drawn.pairs]
    assert len(set(labels)) < len(labels)
    expected = [[a == b and i != j for j, b in enumerate(labels)] for i, a in enumerate(labels)]
    assert ignored.tolist() == expected


def test_only_the_tokens_of_rationales_are_labelled(train_setup, tmp_path):
    run: Any = trainer_run(train_setup, steps=1, folder=str(tmp_path))
    drawn = train_setup.drawn(0)
    side = run.trainer.data_collator([drawn])["document"]
    renderer = train_setup.state.train_step.rollouts.builder.renderer
    for row, pair in enumerate(drawn.pairs):
        labelled = [label for label in side["labels"][row].tolist() if label != -100]
        assert pair.document.rationale
        assert tuple(labelled) == renderer.write(pair.document.rationale)


def test_pairs_without_rationales_are_refused(glyphs, tmp_path):
    run: Any = trainer_run(glyphs, steps=1, folder=str(tmp_path))
    drawn = glyphs.drawn(0)
    pairs = (dataclasses.replace(drawn.pairs[0], rationale=None), *drawn.pairs[1:])
    with pytest.raises(ConfigError, match="pairs with rationales on both sides"):
        run.trainer.data_collator([dataclasses.replace(drawn, pairs=pairs)])


@pytest.mark.parametrize("sparse_logits", [False, True], ids=["all logits", "sparse logits"])
def test_a_run_takes_its_steps_with_our_optimizer_and_times_all_but_the_first(
    train_setup, sparse_logits, tmp_path
):
    run = trainer_run(train_setup, steps=1, folder=str(tmp_path), sparse_logits=sparse_logits)
    before = [p.detach().clone() for p in train_setup.state.network.parameters()]
    loss = run.first_loss()
    seconds = [run.seconds(), run.seconds()]
    assert all(second > 0 for second in seconds)
    states = train_setup.state.optimizer.state
    assert {int(state["step"]) for state in states.values()} == {4}
    after = train_setup.state.network.parameters()
    assert all(not torch.equal(a, b) for a, b in zip(after, before, strict=True))
    assert run.first_loss() < loss
    assert {group["lr"] for group in train_setup.state.optimizer.param_groups} == {1e-5}
