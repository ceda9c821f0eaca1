import pytest

from benchmarks.compare import CARD_4, DIRECT, OURS, STOCK, VLLM
from benchmarks.decode import decodings, gpu_bars
from benchmarks.roofline import Limits, Work
from benchmarks.rows import Row
from benchmarks.timing import Times

WORK = Work(weight_bytes=1000, cache_bytes_per_token=10, flops_per_token=1)
READ = (Row("p", DIRECT, 8, Times((2.0,))), Row("p", STOCK, 8, Times((4.0,))))


def found(*thought):
    return decodings(WORK, thought, READ, limits=Limits(100.0, 1e9), prompt=5.0, label=", 3 tokens")


def test_a_rival_is_held_against_the_best_of_its_own_batch():
    ours = Row("t", OURS, 8, Times((102.0,)), tokens=48, batch=16)
    theirs = Row("t", CARD_4, 2, Times((41.0,)), tokens=12, batch=4)
    mine, other = found(ours, theirs, Row("t", VLLM, 0, None))
    # Ours: 102 s less a direct pass of 2 s; 48 tokens by 8 rows are 6 steps, each of
    # 1000 + 8 rows x (5 + 3) tokens x 10 = 1640 bytes at 100 a second: 98.4 of 100 s.
    assert (mine.rows, mine.tokens_per_second) == (8, 0.48)
    assert mine.roofline == pytest.approx(0.984)
    # Theirs: 41 s less a quarter of the stock forward's 4 s; 6 steps of 1160 bytes: 69.6 of 40 s.
    assert (other.rows, other.label) == (2, ", 3 tokens")
    assert other.tokens_per_second == pytest.approx(0.3)
    assert other.roofline == pytest.approx(69.6 / 40)


def test_decoding_that_takes_no_time_is_no_figure():
    assert found(Row("t", OURS, 8, Times((1.5,)), tokens=48, batch=16)) == []


def test_the_absolute_promises_are_about_our_side():
    ours = Row("t", OURS, 8, Times((102.0,)), tokens=48, batch=16)
    bars = gpu_bars(found(ours), tokens=3)
    assert [bar.value for bar in bars] == pytest.approx([8 / 102, 0.00048, 98.4])
    assert {bar.verdict for bar in gpu_bars([], tokens=3)} == {"not measured"}
