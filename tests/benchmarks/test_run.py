import json
import os

import pytest
import torch

from benchmarks import Forced, Plan, as_json, terminal, ume
from benchmarks.plot import draw
from forethought.errors import ConfigError

PLAN = Plan(inputs=3, slow=1, medium=2, repeats=2)


@pytest.fixture(scope="module")
def report(monkeypatch_module):  # noqa: ARG001 - the child process reads it
    told: list[str] = []
    kept: list[int] = []
    found = ume(
        Forced("tiny", (6,), (16, 36), PLAN, rows=5),
        tell=told.append,
        keep=lambda so_far: kept.append(len(so_far.rows)),
    )
    assert told[1:] == ["memory at 6 tokens", "thought vectors, 6 tokens", "one pass, 6 tokens",
                        "samples, 6 tokens"]  # fmt: skip
    # After every comparison, and when all is known: a run that is killed leaves what it had.
    assert kept == [5, 10, 12, 12]
    return found


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        # The child process: this checkout's package, one thread.
        patch.setenv("PYTHONPATH", os.pathsep.join(["src", os.environ.get("PYTHONPATH", "")]))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield patch


def test_every_rival_of_a_run_agrees_with_ours(report):
    ran = [row for row in report.rows if row.times]
    assert len(ran) == 4 + 4 + 2
    assert all(row.agreement.holds for row in ran)


def test_the_json_tells_every_round_and_what_the_figures_depend_on(report):
    told = json.loads(as_json(report))
    assert set(told) == {"workload", "setting", "rows", "bars", "decodes"}
    first = told["rows"][0]
    assert (first["inputs"], len(first["seconds"]), first["agrees"]) == (3, 2, True)
    # Three inputs of six tokens and the embed token.
    assert first["tokens"] == 3 * 7
    assert {"command", "machine", "threads", "repeats", "versions"} <= set(told["setting"])
    assert told["setting"]["rows"] == 5
    rivals = {(one["name"], one["rows"]) for one in told["decodes"]}
    # As many at a time as there are, or as a rival takes.
    assert {("encode(think=always)", 3), ("(a) cards' generate, batch 1", 1)} <= rivals
    verdicts = {bar["what"]: bar["verdict"] for bar in told["bars"]}
    assert verdicts["thought vectors / (c) vLLM, 6 tokens"] in {"not measured", "not judged"}
    # The small shape is there to try the command.
    assert verdicts["padding in our prefills, 6 tokens"] == "not judged"


def test_the_tables_name_rivals_and_bars(report):
    rows, *_, promised = terminal(report)
    assert str(rows.title).endswith("what ran")
    assert promised.title == "Bars"
    assert promised.row_count == len(report.bars)


def test_the_plot_is_a_picture(report, tmp_path):
    draw(report, tmp_path / "rivals.png")
    assert (tmp_path / "rivals.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_shape_and_a_missing_gpu_are_refused(monkeypatch):
    with pytest.raises(ConfigError, match="unknown --shape 'huge'; known: full, tiny"):
        Forced("huge")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="needs CUDA and this machine has none; --shape tiny"):
        Forced("full")
