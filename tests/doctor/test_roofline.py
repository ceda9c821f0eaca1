import pytest

from forethought.doctor import DecodeCost, MachineRates, decode_cost
from tests import published

COST = DecodeCost(weight_bytes=1000, cache_bytes_per_token=10, flops_per_token=500)


def test_a_step_takes_the_longer_of_moving_and_computing():
    # 1000 + 3 rows x 20 tokens x 10 = 1600 bytes at 100 a second; 3 x 500 operations at 1000.
    assert COST.step_bytes(rows=3, length=20.0) == 1600
    assert COST.step_seconds(MachineRates(100.0, 1000.0), rows=3, length=20.0) == 16.0
    assert COST.step_seconds(MachineRates(1e9, 1000.0), rows=3, length=20.0) == 1.5


@pytest.mark.parametrize(("rows", "seconds"), [(3, 12400 / 300), (5, 28.0), (64, 28.0)])
def test_the_least_time_counts_full_batches_at_half_of_a_completion(rows, seconds):
    # 10 tokens of 5 inputs, 2 each: caches hold 7 + 1 tokens. 5 rows: 2 steps of 1000 + 5 x 8 x
    # 10 = 1400 bytes at 100 a second, or 28 s; 3 rows: 10 / 3 steps of 1240 bytes, or 41.3 s.
    found = COST.least_seconds(
        MachineRates(100.0, 1e9), tokens=10, inputs=5, rows=rows, prompt_tokens=7.0
    )
    assert found == pytest.approx(seconds)


def test_a_tied_head_counts_once_and_the_cache_by_key_value_heads(tiny_encoder):
    backbone = tiny_encoder.local.backbone
    cost = decode_cost(backbone)
    language = sum(p.numel() for p in backbone.network.model.language_model.parameters())
    assert cost.weight_bytes == 4 * language
    # Keys and values, 2 layers, 1 head of 16, float32.
    assert cost.cache_bytes_per_token == 2 * 2 * 1 * 16 * 4


def test_an_untied_embedding_is_only_looked_up(tmp_path):
    encoder = published.loaded(published.make("ume_r1", tmp_path / "ume_r1"))
    network = encoder.local.backbone.network
    language = sum(p.numel() for p in network.model.language_model.parameters())
    read = language - network.get_input_embeddings().weight.numel() + network.lm_head.weight.numel()
    assert decode_cost(encoder.local.backbone).flops_per_token == 2 * read
