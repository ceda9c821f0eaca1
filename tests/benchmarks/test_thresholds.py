import pytest

from benchmarks import thresholds
from benchmarks.comparisons import CARD_1, DIRECT, GENERATE, HF_FORWARD, OURS, VLLM
from benchmarks.decode_rates import decode_rates
from benchmarks.results import Agreement, Result
from benchmarks.thresholds import Threshold
from forethought.doctor import DecodeCost, MachineRates, Times


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [(2.0, True, "met"), (1.9, True, "missed"), (2.0, False, "met"), (2.1, False, "missed")],
)
def test_a_threshold_is_met_at_its_limit(value, at_least, verdict):
    assert Threshold("x", 2.0, at_least, value).verdict == verdict


def test_a_value_that_was_not_measured_is_neither_met_nor_missed():
    assert Threshold("x", 2.0, at_least=True, value=None).verdict == "not measured"


def test_a_threshold_set_for_another_size_does_not_apply():
    assert Threshold("x", 2.0, at_least=True, value=3.0, applies=False).verdict == "not applicable"


def test_ratios_are_those_of_the_rounds_and_disagreeing_vectors_are_noted():
    results = [
        Result("t", OURS, 8, Times((1.0, 2.0, 1.0))),
        Result("t", CARD_1, 2, Times((2.0, 2.0, 3.0)), agreement=Agreement(2, 1, 0.5)),
        Result("t", GENERATE, 8, Times((3.0, 3.0, 3.0))),
        Result("t", VLLM, 0, None, note="not installed"),
    ]
    card, generate, vllm = thresholds.thought(results, card=9.0)
    # Samples a second: ours 8, 4, 8; the card's 1, 1, 2/3.
    assert (card.value, card.low, card.high) == pytest.approx((8.0, 4.0, 12.0))
    assert (card.verdict, card.note) == ("missed", "the vectors disagree")
    assert (generate.verdict, generate.note) == ("met", "")
    assert (vllm.verdict, vllm.note, vllm.baseline) == ("not measured", "not installed", VLLM)


def test_memory_is_the_cards_growth_over_each_of_ours():
    one, two = thresholds.memory({"card": 12, "ours": 2, "half": 4}, tokens=5, rows=3)
    assert (one.what, one.value, one.verdict) == (
        "peak memory, (a) / ours, batch 3, 5 tokens", 6.0, "met"
    )  # fmt: skip
    assert (two.value, two.verdict) == (3.0, "missed")


def test_the_absolute_thresholds_are_about_our_case():
    cost = DecodeCost(weight_bytes=1000, cache_bytes_per_token=10, flops_per_token=1)
    ours = Result("t", OURS, 8, Times((102.0,)), tokens=48, batch=16)
    passes = [Result("p", name, 8, Times((2.0,))) for name in (DIRECT, HF_FORWARD)]
    rates = decode_rates(cost, [ours], passes, rates=MachineRates(100.0, 1e9), prompt_tokens=5.0)
    values = [threshold.value for threshold in thresholds.gpu(rates, tokens=3)]
    # 48 tokens in 100 s; the roofline's share as in `test_decode_rates.py`.
    assert values == pytest.approx([8 / 102, 0.00048, 98.4])
    assert {one.verdict for one in thresholds.gpu([], tokens=3)} == {"not measured"}
