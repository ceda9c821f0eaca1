import pytest
import torch

from forethought.doctor import Status
from forethought.doctor.rows_check import check_rows

DISC, GEN = 341, 340


def check(encoder, family="ume_r1", **changes):
    """The finding after changes to the input (`ins`) and output (`outs`) embeddings."""
    loaded = encoder(family)
    network = loaded.engine.backbone.network
    tables = {"ins": network.get_input_embeddings(), "outs": network.get_output_embeddings()}
    for name, change in changes.items():
        with torch.no_grad():
            change(tables[name].weight)
    return check_rows(loaded.engine.backbone, loaded.renderer, loaded.family)


def test_trained_rows_are_ok_with_their_norms(encoder):
    finding = check(encoder)
    assert finding.status is Status.OK
    # The tiny checkpoint's output row of this token has three times the norm of the others.
    assert "<gen_emb> in lm_head has 3." in finding.message
    assert "<disc_emb> in lm_head" not in finding.message


def test_a_family_without_embed_tokens_is_ok(encoder):
    assert check(encoder, "vlm2vec").status is Status.OK


def test_zeros_fail(encoder):
    finding = check(encoder, ins=lambda w: w[DISC].zero_())
    assert finding.status is Status.FAIL
    assert "<disc_emb> is all zeros or not finite" in finding.message


def test_nan_fails(encoder):
    finding = check(encoder, ins=lambda w: w[GEN].fill_(float("nan")))
    assert finding.status is Status.FAIL
    assert "<gen_emb> is all zeros or not finite" in finding.message


def test_zeros_in_the_output_embeddings_fail(encoder):
    finding = check(encoder, outs=lambda w: w[GEN].zero_())
    assert finding.status is Status.FAIL
    assert "<gen_emb> in lm_head is all zeros" in finding.message


def test_the_output_row_of_a_token_that_is_never_generated_is_not_checked(encoder):
    assert check(encoder, outs=lambda w: w[DISC].zero_()).status is Status.OK


def test_one_row_for_two_embed_tokens_fails(encoder):
    finding = check(encoder, ins=lambda w: w[GEN].copy_(w[DISC]))
    assert finding.status is Status.FAIL
    assert "<gen_emb> and <disc_emb> have the same row" in finding.message


def test_the_mean_row_is_a_warning(encoder):
    others = [i for i in range(342) if i not in {DISC, GEN}]
    finding = check(encoder, ins=lambda w: w[GEN].copy_(w[others].mean(0)))
    assert finding.status is Status.WARN
    assert "<gen_emb> is the mean of the other rows: never trained" in finding.message
    assert "forethought train" in finding.remedy


def test_a_copied_row_is_a_warning(encoder):
    finding = check(encoder, ins=lambda w: w[DISC].copy_(w[333]))
    assert finding.status is Status.WARN
    assert "<disc_emb> is a copy of another token's row" in finding.message


@pytest.mark.parametrize("times", [0.05, 20.0])
def test_an_untypical_norm_is_a_warning(encoder, times):
    finding = check(encoder, ins=lambda w: w[DISC].mul_(times))
    assert finding.status is Status.WARN
    assert "<disc_emb>" in finding.message
