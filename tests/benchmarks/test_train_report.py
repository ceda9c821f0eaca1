import json

import pytest
from rich.console import Console

from benchmarks import train_comparison
from benchmarks.results import Result
from benchmarks.train_memory import StepMemory
from benchmarks.train_report import TrainReport, as_json, tables
from forethought.doctor import Times


def result(name, *seconds, group="lab", note=""):
    times = Times(seconds) if seconds else None
    return Result(group, name, 30, times, tokens=600, padding=0.125, note=note, batch=10)


def results(group="lab"):
    return (
        result(train_comparison.OURS, 2.0, 4.0, 3.0, group=group),
        result(train_comparison.GRAD_CACHE, 3.0, 4.0, 3.9, group=group),
        result(train_comparison.TRAINER, 1.0, 6.0, 6.0, group=group),
        result(train_comparison.SPARSE_TRAINER, group=group, note="failed: memory"),
    )


@pytest.fixture
def report():
    rows = (
        StepMemory("lab", 64, 777, 3 << 20, 2 << 20),
        StepMemory("lab", 256, 888, None, 3 << 20, "large"),
    )
    return TrainReport({"cores": 2}, results(), rows)


def test_limits_are_ratios_within_each_round(report):
    plain, sparse, cached, memory = report.thresholds
    # The Trainer's times over ours: 0.5, 1.5, 2.
    assert (plain.value, plain.low, plain.high, plain.verdict) == (1.5, 0.5, 2.0, "met")
    assert (sparse.verdict, sparse.note) == ("not measured", "failed: memory")
    # GradCache's over ours: 1.5, 1, 1.3.
    assert cached.value == pytest.approx(1.3)
    assert (cached.limit, cached.verdict) == (1.4, "met")
    assert (memory.value, memory.verdict) == (1.5, "met")


def test_the_small_stand_in_has_no_limits():
    made = TrainReport({}, results("ume-2b, tiny shape"))
    assert [limit.verdict for limit in made.thresholds] == [
        "not applicable", "not measured", "not applicable",
    ]  # fmt: skip


def test_json_holds_every_round_and_rate(report):
    payload = json.loads(as_json(report))
    ours, *_, failed = payload["results"]
    assert ours["seconds"] == [2.0, 4.0, 3.0]
    # 30 pairs and 600 tokens in the median round of 3 s.
    assert (ours["pairs_per_second"], ours["tokens_per_second"]) == (10.0, 200.0)
    assert (failed["case"], failed["note"]) == (train_comparison.SPARSE_TRAINER, "failed: memory")
    assert "seconds" not in failed
    assert payload["memory"][1] == {
        "setup": "lab", "pairs": 256, "largest": 888, "plain": None, "grad_cache": 3 << 20, "note": "large",
    }  # fmt: skip
    assert payload["thresholds"][0]["verdict"] == "met"


def test_tables_have_a_row_for_each_case(report):
    console = Console(width=140, record=True)
    for table in tables(report):
        console.print(table)
    text = console.export_text()
    assert "3.000 (2.000-4.000)" in text
    assert "failed: memory" in text
    assert "12.5%" in text
    assert "2.0 MiB" in text
    assert "777 tokens" in text
    assert not tables(TrainReport({}))
