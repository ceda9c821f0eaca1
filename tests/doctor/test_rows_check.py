import pytest
import torch

from forethought.doctor import Status
from forethought.doctor.rows_check import check_rows

DISC, GEN = 341, 340


def found(encoder, family="ume_r1", **changes):
    """What is said once rows are set: `ins` going in, `outs` coming out."""
    made = encoder(family)
    network = made.engine.backbone.network
    tables = {"ins": network.get_input_embeddings(), "outs": network.get_output_embeddings()}
    for name, change in changes.items():
        with torch.no_grad():
            change(tables[name].weight)
    return check_rows(made.engine.backbone, made.renderer, made.family)


def test_trained_rows_are_said_with_their_lengths(encoder):
    told = found(encoder)
    assert told.status is Status.OK
    # The tiny checkpoint's row of the head is drawn three times as long as the others.
    assert "<gen_emb> in lm_head 3." in told.told
    assert "<disc_emb> in lm_head" not in told.told


def test_plain_embedders_have_no_rows_of_their_own(encoder):
    assert found(encoder, "vlm2vec").status is Status.OK


def test_zeros_fail(encoder):
    told = found(encoder, ins=lambda w: w[DISC].zero_())
    assert told.status is Status.FAIL
    assert "<disc_emb> is all zeros or not finite" in told.told


def test_what_is_no_number_fails(encoder):
    told = found(encoder, ins=lambda w: w[GEN].fill_(float("nan")))
    assert told.status is Status.FAIL
    assert "<gen_emb> is all zeros or not finite" in told.told


def test_zeros_in_the_head_fail(encoder):
    told = found(encoder, outs=lambda w: w[GEN].zero_())
    assert told.status is Status.FAIL
    assert "<gen_emb> in lm_head is all zeros" in told.told


def test_a_head_row_that_is_never_written_may_be_anything(encoder):
    assert found(encoder, outs=lambda w: w[DISC].zero_()).status is Status.OK


def test_one_row_for_two_embed_tokens_fails(encoder):
    told = found(encoder, ins=lambda w: w[GEN].copy_(w[DISC]))
    assert told.status is Status.FAIL
    assert "<gen_emb> and <disc_emb> are one and the same row" in told.told


def test_the_mean_row_is_a_row_that_was_never_trained(encoder):
    others = [i for i in range(342) if i not in {DISC, GEN}]
    told = found(encoder, ins=lambda w: w[GEN].copy_(w[others].mean(0)))
    assert told.status is Status.WARN
    assert "<gen_emb> is the mean of the other rows: never trained" in told.told
    assert "forethought train" in told.way_out


def test_a_copied_row_was_never_trained_either(encoder):
    told = found(encoder, ins=lambda w: w[DISC].copy_(w[333]))
    assert told.status is Status.WARN
    assert "<disc_emb> is a copy of another token's row" in told.told


@pytest.mark.parametrize("times", [0.05, 20.0])
def test_a_row_much_longer_or_shorter_than_the_rest_is_odd(encoder, times):
    told = found(encoder, ins=lambda w: w[DISC].mul_(times))
    assert told.status is Status.WARN
    assert "<disc_emb>" in told.told
