from types import SimpleNamespace

import psutil
import pytest

from benchmarks import train_memory
from benchmarks.train_memory import StepMemory, growth, measure_memory
from benchmarks.train_setups import checkpoint_setup, random_pairs, recipe_table

MEBI = 1 << 20


@pytest.fixture
def small_passes(tiny_model):
    """Texts in passes of four sequences."""
    table = recipe_table(str(tiny_model), random_pairs(words=1), batch=4)
    return checkpoint_setup("tiny", {**table, "memory": {"rows": 4}})


def test_without_grad_cache_memory_grows_with_the_pairs_and_with_it_hardly(small_passes):
    rows = measure_memory(small_passes, (8, 16, 32))
    plain = [row.plain or 0 for row in rows]
    cached = [row.grad_cache or 0 for row in rows]
    assert [row.pairs for row in rows] == [8, 16, 32]
    assert all(
        row.largest <= 4 * small_passes.state.encoder.local.backbone.context_length for row in rows
    )
    # Twice the pairs, nearly twice the memory.
    assert plain[1] > 1.7 * plain[0]
    assert plain[2] > 1.7 * plain[1]
    assert cached[2] < 1.3 * cached[0]
    assert cached[0] < 0.6 * plain[0]
    assert all(parameter.grad is None for parameter in small_passes.state.network.parameters())


def test_a_step_that_would_fill_memory_is_not_run(train_setup, monkeypatch):
    free = SimpleNamespace(available=12 << 30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(train_memory, "_peak", lambda setup: setup.batch << 28)
    found = measure_memory(train_setup, (8, 16, 32, 64))
    # 8 pairs take 2 GiB, 16 take 4; 32 would take 8 of 12, more than half.
    assert [row.plain and row.plain >> 30 for row in found] == [2, 4, None, None]
    assert [row.note for row in found[:2]] == ["", ""]
    assert found[2].note == "without it: not run, about 8 GiB"
    assert found[3].note == "without it: not run, about 16 GiB"
    assert [(row.grad_cache or 0) >> 30 for row in found] == [2, 4, 8, 16]


def test_what_is_out_of_memory_is_not_tried_with_more_pairs(train_setup, monkeypatch):
    peaks = iter([None, 5 * MEBI, 6 * MEBI])
    monkeypatch.setattr(train_memory, "_peak", lambda setup: next(peaks))
    rows = measure_memory(train_setup, (8, 16))
    assert [row.plain for row in rows] == [None, None]
    assert {row.note for row in rows} == {"without it: out of memory"}
    assert [row.grad_cache for row in rows] == [5 * MEBI, 6 * MEBI]


def test_growth_is_from_64_pairs_on():
    rows = [
        StepMemory("a", 16, 99, 9, 10),
        StepMemory("a", 64, 99, 90, 40),
        StepMemory("a", 256, 99, None, 50),
        StepMemory("a", 4096, 99, None, 70),
        StepMemory("b", 64, 99, 5, 4),
        StepMemory("c", 64, 99, 5, 4),
        StepMemory("c", 128, 99, 5, 5),
    ]
    first, second = growth(rows)
    assert first.what == "a: GradCache's peak, 4096 pairs / 64"
    assert (first.value, first.verdict) == (1.75, "missed")
    assert (second.value, second.verdict) == (1.25, "met")
