import json
import logging
import os

import pytest
import torch

from benchmarks.bench_report import as_json
from benchmarks.comparisons import RunPlan
from benchmarks.result_plot import draw
from benchmarks.result_tables import tables
from benchmarks.workloads import UmeOptions, ume
from forethought.errors import ConfigError

pytestmark = pytest.mark.slow

PLAN = RunPlan(inputs=3, slow=1, medium=2, repeats=2)


@pytest.fixture(scope="module")
def finished(monkeypatch_module):  # noqa: ARG001 - the child process reads it
    """The report, how many results each save held, and what was logged."""
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("benchmarks")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    saved: list[int] = []
    options = UmeOptions("tiny", (6,), (16, 36), PLAN, rows=5)
    report = ume(options, save=lambda so_far: saved.append(len(so_far.results)))
    logger.removeHandler(handler)
    return report, saved, messages


@pytest.fixture(scope="module")
def report(finished):
    return finished[0]


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        # The child process: this checkout's package, one thread.
        patch.setenv("PYTHONPATH", os.pathsep.join(["src", os.environ.get("PYTHONPATH", "")]))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield patch


def test_each_comparison_is_logged_and_saved(finished):
    _, saved, messages = finished
    steps = ("memory, 6 tokens", "thought vectors, 6 tokens", "one pass, 6 tokens",
             "samples, 6 tokens")  # fmt: skip
    assert messages[1:] == [f"measuring {step} ..." for step in steps]
    # After every comparison, and at the end: a run that is killed leaves its results so far.
    assert saved == [5, 10, 12, 12]


def test_every_case_agrees_with_ours(report):
    ran = [result for result in report.results if result.times]
    assert len(ran) == 4 + 4 + 2
    assert all(result.agreement.holds for result in ran)


def test_the_json_holds_every_round_and_what_the_figures_depend_on(report):
    payload = json.loads(as_json(report))
    assert set(payload) == {"workload", "setting", "results", "thresholds", "decode_rates"}
    first = payload["results"][0]
    assert (first["inputs"], len(first["seconds"]), first["agrees"]) == (3, 2, True)
    # Three inputs of six tokens and the embed token.
    assert first["tokens"] == 3 * 7
    assert {"command", "machine", "threads", "repeats", "versions"} <= set(payload["setting"])
    assert payload["setting"]["rows"] == 5
    rates = {(one["name"], one["rows"]) for one in payload["decode_rates"]}
    # As many rows at a time as there are inputs, or as the baseline's batch.
    assert {("encode(think=always)", 3), ("(a) cards' generate, batch 1", 1)} <= rates
    verdicts = {one["what"]: one["verdict"] for one in payload["thresholds"]}
    vllm = verdicts["thought vectors / (c) vLLM, 6 tokens"]
    assert vllm in {"not measured", "not applicable"}
    # No threshold was set for the small shape.
    assert verdicts["padding in our prefills, 6 tokens"] == "not applicable"


def test_the_tables_name_cases_and_thresholds(report):
    results, *_, thresholds = tables(report)
    assert str(results.title).endswith("results")
    assert thresholds.title == "Thresholds"
    assert thresholds.row_count == len(report.thresholds)


def test_the_plot_is_a_picture(report, tmp_path):
    draw(report, tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_shape_and_a_missing_gpu_are_refused(monkeypatch):
    with pytest.raises(ConfigError, match="unknown --shape 'huge'; known: full, tiny"):
        UmeOptions("huge")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="needs CUDA and this machine has none; --shape tiny"):
        UmeOptions("full")
