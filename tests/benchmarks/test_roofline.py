import torch

from benchmarks.roofline import Limits, Work, measure, work_of


def test_a_step_takes_the_longer_of_moving_and_computing():
    work = Work(weight_bytes=1000, cache_bytes_per_token=10, flops_per_token=500)
    # 1000 + 3 rows x 20 tokens x 10 = 1600 bytes at 100 a second; 3 x 500 sums at 1000.
    assert work.step_bytes(rows=3, length=20.0) == 1600
    assert work.step_seconds(Limits(100.0, 1000.0), rows=3, length=20.0) == 16.0
    assert work.step_seconds(Limits(1e9, 1000.0), rows=3, length=20.0) == 1.5


def test_a_tied_head_is_counted_once_and_the_cache_by_key_value_heads(shaped):
    work = work_of(shaped)
    language = sum(p.numel() for p in shaped.network.model.language_model.parameters())
    assert work.weight_bytes == 4 * language
    # Keys and values, 2 layers, 1 head of 16, float32.
    assert work.cache_bytes_per_token == 2 * 2 * 1 * 16 * 4


def test_an_embedding_of_its_own_is_only_looked_up(ume):
    network = ume.network
    language = sum(p.numel() for p in network.model.language_model.parameters())
    read = language - network.get_input_embeddings().weight.numel() + network.lm_head.weight.numel()
    assert work_of(ume).flops_per_token == 2 * read


def test_measured_rates_are_rates():
    limits = measure(torch.device("cpu"), megabytes=1, side=32)
    assert limits.bandwidth > 1e6
    assert limits.matmul > 1e6


def test_the_better_of_two_measurements_is_taken_rate_by_rate():
    assert Limits(3.0, 20.0).best(Limits(2.0, 50.0)) == Limits(3.0, 50.0)
