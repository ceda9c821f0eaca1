import pytest
import torch

from benchmarks.train_setups import ume
from forethought.errors import ConfigError


def test_every_pair_has_a_picture_in_its_query_and_rationales_on_both_sides(train_setup):
    drawn = train_setup.drawn(0)
    assert all(len(prompt.pictures) == 1 for prompt in drawn.queries)
    assert not any(prompt.pictures for prompt in drawn.documents)
    assert all(role.oracle and role.sft for role in drawn.roles)
    assert len({pair.document.label for pair in drawn.pairs}) == 4


def test_another_batch_or_grad_cache_shares_weights_and_optimizer(train_setup):
    changed = train_setup.with_memory(grad_cache=True).with_batch(10)
    assert changed.state.network is train_setup.state.network
    assert changed.state.optimizer is train_setup.state.optimizer
    assert (changed.batch, len(changed.drawn(0).pairs)) == (10, 10)
    assert changed.state.train_step.reader.memory.grad_cache
    assert (train_setup.batch, len(train_setup.drawn(0).pairs)) == (4, 4)
    assert not train_setup.state.train_step.reader.memory.grad_cache


def test_more_pairs_than_a_sub_batch_are_of_several_tasks(train_setup):
    assert train_setup.with_batch(130).recipe.stages[0].parts == (64, 64, 2)


def test_shapes_that_cannot_run_are_refused(monkeypatch):
    with pytest.raises(ConfigError, match="unknown --shape 'wide'; known: full, tiny"):
        ume("wide", batch=4)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="needs CUDA; try the command with --shape tiny"):
        ume("full", batch=4)
