import pytest

from benchmarks.comparisons import CARD_4, DIRECT, HF_FORWARD, OURS, VLLM
from benchmarks.decode_rates import decode_rates
from benchmarks.results import Result
from forethought.doctor import DecodeCost, MachineRates, Times

COST = DecodeCost(weight_bytes=1000, cache_bytes_per_token=10, flops_per_token=1)
PASSES = (Result("p", DIRECT, 8, Times((2.0,))), Result("p", HF_FORWARD, 8, Times((4.0,))))


def rates_of(*thought):
    return decode_rates(
        COST, thought, PASSES, rates=MachineRates(100.0, 1e9), prompt_tokens=5.0, label=", 3 tokens"
    )


def test_a_case_is_compared_with_the_roofline_at_its_batch_size():
    ours = Result("t", OURS, 8, Times((102.0,)), tokens=48, batch=16)
    card = Result("t", CARD_4, 2, Times((41.0,)), tokens=12, batch=4)
    first, second = rates_of(ours, card, Result("t", VLLM, 0, None))
    # Ours: 102 s less a direct pass of 2 s; 48 tokens by 8 rows are 6 steps, each of
    # 1000 + 8 rows x (5 + 3) tokens x 10 = 1640 bytes at 100 a second: 98.4 of 100 s.
    assert (first.rows, first.tokens_per_second) == (8, 0.48)
    assert first.roofline == pytest.approx(0.984)
    # The card: 41 s less a quarter of the stock forward's 4 s; 6 steps of 1160 bytes: 69.6 of 40 s.
    assert (second.rows, second.label) == (2, ", 3 tokens")
    assert second.tokens_per_second == pytest.approx(0.3)
    assert second.roofline == pytest.approx(69.6 / 40)


def test_a_thinking_run_no_slower_than_a_direct_one_has_no_rate():
    assert rates_of(Result("t", OURS, 8, Times((1.5,)), tokens=48, batch=16)) == []
