from dataclasses import replace

import pytest
import torch
from torch import nn

from forethought.backbones import QwenVL
from forethought.doctor import Status
from forethought.doctor.states_check import check_direct, check_state, check_thought

FAMILIES = ["ume_r1", "rge", "mmemb_r1", "qwen3_vl_embedding", "vlm2vec"]


class PreNorm(QwenVL):
    """Returns the input of the final norm, as `hidden_states[-1]` is for some networks."""

    def hidden_states(self, batch, *, cache=None):
        inputs = []
        norm = self.network.model.language_model.norm
        hook = norm.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        super().hidden_states(batch, cache=cache)
        hook.remove()
        return inputs[0]


class PreNormDecode(QwenVL):
    """Post-norm states in prefill, pre-norm states in decoding."""

    def extend(self, token_ids, **kwargs):
        inputs = []
        norm = self.network.model.language_model.norm
        hook = norm.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        super().extend(token_ids, **kwargs)
        hook.remove()
        return inputs[0]


class Shifted(QwenVL):
    """Returns states as if the padding were on the other side."""

    def hidden_states(self, batch, *, cache=None):
        hidden = super().hidden_states(batch, cache=cache)
        missing = (batch.mask == 0).sum(1).tolist()
        return torch.stack([row.roll(by, 0) for row, by in zip(hidden, missing, strict=True)])


def with_backbone(encoder, backbone_class):
    """The same encoder with another backbone class."""
    backbone = backbone_class(encoder.engine.backbone.network)
    return replace(encoder, engine=replace(encoder.engine, backbone=backbone))


@pytest.mark.parametrize("family", FAMILIES)
def test_states_leave_the_final_norm(encoder, family):
    finding = check_state(encoder(family))
    assert finding.status is Status.OK
    assert ("thought" in finding.message) == (family in FAMILIES[:3])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wrapper_that_gives_the_state_before_the_norm_is_caught(encoder, family):
    finding = check_state(with_backbone(encoder(family), PreNorm))
    assert finding.status is Status.FAIL
    assert "the direct state is pre-norm: it is the input of the final norm" in finding.message


def test_a_pre_norm_state_in_decoding_fails(encoder):
    finding = check_state(with_backbone(encoder("rge"), PreNormDecode))
    assert finding.status is Status.FAIL
    assert finding.message.startswith("the thought state is pre-norm")


def test_a_norm_replaced_by_the_identity_fails(encoder):
    loaded = encoder("mmemb_r1")
    loaded.engine.backbone.network.model.language_model.norm = nn.Identity()
    finding = check_state(loaded)
    assert finding.status is Status.FAIL
    assert "the final norm is a Identity without weights" in finding.message


def test_a_norm_that_returns_its_input_fails(encoder):
    loaded = encoder("ume_r1")
    norm = loaded.engine.backbone.network.model.language_model.norm
    norm.forward = lambda states: states
    finding = check_state(loaded)
    assert finding.status is Status.FAIL
    assert "it is the input of the final norm" in finding.message


def test_a_norm_that_never_runs_fails(encoder):
    loaded = encoder("vlm2vec")
    text = loaded.engine.backbone.network.model.language_model
    norm = text.norm
    forward = text.forward

    def without_norm(*args, **kwargs):
        text.norm = nn.Identity()
        try:
            return forward(*args, **kwargs)
        finally:
            text.norm = norm

    text.forward = without_norm
    finding = check_state(loaded)
    assert finding.status is Status.FAIL
    assert "the final norm never ran" in finding.message


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_with_padding_changes_nothing(encoder, family):
    loaded = encoder(family)
    assert check_direct(loaded).status is Status.OK
    thought = check_thought(loaded)
    assert thought.status is Status.OK
    assert ("cosine at least 1.0" in thought.message) == (family in FAMILIES[:3])


@pytest.mark.parametrize("family", FAMILIES)
def test_states_read_from_padding_fail(encoder, family):
    finding = check_direct(with_backbone(encoder(family), Shifted))
    assert finding.status is Status.FAIL
    assert finding.message.startswith(("cosine at least 0.", "cosine at least -0."))
    assert "batch_size=1" in finding.remedy


def test_a_rationale_that_changes_with_padding_fails(encoder):
    assert check_thought(with_backbone(encoder("ume_r1"), Shifted)).status is Status.FAIL


def test_nan_vectors_fail(encoder):
    loaded = encoder("rge")
    loaded.engine.backbone.network.model.language_model.norm.weight.fill_(float("nan"))
    for finding in (check_state(loaded), check_direct(loaded), check_thought(loaded)):
        assert finding.status is Status.FAIL
        assert "not finite" in finding.message
        assert finding.remedy.startswith("copy the checkpoint again")


def test_half_precision_has_a_wider_tolerance(encoder):
    loaded = encoder("rge")
    loaded.engine.backbone.network.to(torch.bfloat16)
    assert check_state(loaded).status is Status.OK
    assert check_direct(loaded).status is Status.OK
    assert check_thought(loaded).status is not Status.FAIL
