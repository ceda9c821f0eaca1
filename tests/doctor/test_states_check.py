from dataclasses import replace

import pytest
import torch
from torch import nn

from forethought.backbones import QwenVL
from forethought.doctor import Status
from forethought.doctor.states_check import check_direct, check_state, check_thought

FAMILIES = ["ume_r1", "rge", "mmemb_r1", "qwen3_vl_embedding", "vlm2vec"]


class PreNorm(QwenVL):
    """Gives what goes into the final norm, as `hidden_states[-1]` does for some networks."""

    def hidden_states(self, batch, *, cache=None):
        seen = []
        norm = self.network.model.language_model.norm
        hook = norm.register_forward_pre_hook(lambda _, into: seen.append(into[0]))
        super().hidden_states(batch, cache=cache)
        hook.remove()
        return seen[0]


class Late(QwenVL):
    """Post-norm when it reads, pre-norm when it writes."""

    def extend(self, token_ids, **told):
        seen = []
        norm = self.network.model.language_model.norm
        hook = norm.register_forward_pre_hook(lambda _, into: seen.append(into[0]))
        super().extend(token_ids, **told)
        hook.remove()
        return seen[0]


class Shifted(QwenVL):
    """Gives its states as if the padding stood on the other side."""

    def hidden_states(self, batch, *, cache=None):
        hidden = super().hidden_states(batch, cache=cache)
        missing = (batch.mask == 0).sum(1).tolist()
        return torch.stack([row.roll(by, 0) for row, by in zip(hidden, missing, strict=True)])


def on(encoder, kind):
    """The same encoder on another backbone."""
    backbone = kind(encoder.engine.backbone.network)
    return replace(encoder, engine=replace(encoder.engine, backbone=backbone))


@pytest.mark.parametrize("family", FAMILIES)
def test_states_leave_the_final_norm(encoder, family):
    found = check_state(encoder(family))
    assert found.status is Status.OK
    assert ("thought" in found.told) == (family in FAMILIES[:3])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wrapper_that_gives_the_state_before_the_norm_is_caught(encoder, family):
    found = check_state(on(encoder(family), PreNorm))
    assert found.status is Status.FAIL
    assert "the direct state is pre-norm: it is what goes into the final norm" in found.told


def test_a_thought_read_before_the_norm_is_caught(encoder):
    found = check_state(on(encoder("rge"), Late))
    assert found.status is Status.FAIL
    assert found.told.startswith("the thought state is pre-norm")


def test_a_norm_that_was_put_out_of_action_is_caught(encoder):
    made = encoder("mmemb_r1")
    made.engine.backbone.network.model.language_model.norm = nn.Identity()
    found = check_state(made)
    assert found.status is Status.FAIL
    assert "the final norm is a Identity without weights" in found.told


def test_a_norm_that_passes_its_input_on_is_caught(encoder):
    made = encoder("ume_r1")
    norm = made.engine.backbone.network.model.language_model.norm
    norm.forward = lambda states: states
    found = check_state(made)
    assert found.status is Status.FAIL
    assert "it is what goes into the final norm" in found.told


def test_a_norm_that_never_runs_is_caught(encoder):
    made = encoder("vlm2vec")
    text = made.engine.backbone.network.model.language_model
    kept = text.norm
    forward = text.forward

    def around(*args, **told):
        text.norm = nn.Identity()
        try:
            return forward(*args, **told)
        finally:
            text.norm = kept

    text.forward = around
    found = check_state(made)
    assert found.status is Status.FAIL
    assert "the final norm never ran" in found.told


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_with_padding_changes_nothing(encoder, family):
    made = encoder(family)
    assert check_direct(made).status is Status.OK
    thought = check_thought(made)
    assert thought.status is Status.OK
    assert ("cosine 1.0" in thought.told) == (family in FAMILIES[:3])


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_that_is_read_is_caught(encoder, family):
    found = check_direct(on(encoder(family), Shifted))
    assert found.status is Status.FAIL
    assert found.told.startswith(("cosine 0.", "cosine -0."))
    assert "batch_size=1" in found.way_out


def test_a_thought_that_padding_changes_is_caught(encoder):
    assert check_thought(on(encoder("ume_r1"), Shifted)).status is Status.FAIL


def test_vectors_that_are_no_numbers_are_caught(encoder):
    made = encoder("rge")
    made.engine.backbone.network.model.language_model.norm.weight.fill_(float("nan"))
    assert check_state(made).status is Status.FAIL
    assert check_direct(made).status is Status.FAIL


def test_half_precision_is_held_to_what_it_can_do(encoder):
    made = encoder("rge")
    made.engine.backbone.network.to(torch.bfloat16)
    assert check_state(made).status is Status.OK
    assert check_direct(made).status is Status.OK
    assert check_thought(made).status is not Status.FAIL
