import json
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from forethought.cli import console
from forethought.cli.evaluate import app
from forethought.errors import ConfigError, DataError, ModelError
from tests import tiny


def run(*arguments: str | Path) -> Result:
    words = ["glyphs", *map(str, arguments)]
    return CliRunner().invoke(app, words, catch_exceptions=False, env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three words, each the query for one of seven framed squares."""
    folder = tiny.build(tmp_path_factory.mktemp("data"))
    key = {"task": "keywords", "split": "unseen_style"}
    _write(folder / "queries.parquet", [key | _query(name) for name in ("red", "blue", "black")])
    _write(folder / "candidates.parquet", [key | _candidate(name) for name in tiny.COLOURS])
    return folder


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model."""
    return tiny.untrained(data, tmp_path_factory.mktemp("model"))


def _query(name: str) -> dict[str, Any]:
    query = {"query_instruction": "Find the picture.", "query_text": name, "query_picture": ""}
    return query | {"relevant": [f"framed/{name}"]}


def _candidate(name: str) -> dict[str, Any]:
    document = {"document_instruction": "Picture.", "document_text": ""}
    return document | {"document": f"framed/{name}", "document_picture": f"framed/{name}"}


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_without_a_terminal_progress_is_counted_in_lines(data, model, monkeypatch):
    monkeypatch.setattr(console, "_STATUS_INTERVAL_S", 0.0)
    ran = run("--model", model, "--data", data)
    # Seven pictures, then three queries in each of two modes.
    assert "tiny: 7 of 13" in ran.stderr
    assert "tiny: 13 of 13" in ran.stderr


def test_scores_a_model_in_both_modes_and_writes_all_three_reports(data, model, tmp_path):
    files = [tmp_path / name for name in ("report.json", "report.md", "report.png")]
    options = zip(("--json", "--markdown", "--plot"), files, strict=True)
    ran = run("--model", model, "--data", data, *(word for pair in options for word in pair))
    assert ran.exit_code == 0
    assert "tiny always less tiny never" in ran.output
    report = json.loads(files[0].read_text())
    assert [(row["think"], row["queries"]) for row in report["rows"]] == [
        ("never", 3),
        ("always", 3),
    ]
    # Seven pictures, ten ranks: all are found. Untrained, each rationale runs to its budget.
    assert [row["recall@10"] for row in report["rows"]] == [1.0, 1.0]
    assert report["rows"][0]["tokens"] == 0.0
    assert sum(report["rows"][1]["endings"].values()) == 3
    assert report["protocol"]["models"]["tiny"]["budget"] == tiny.BUDGET
    assert "| keywords | unseen_style | 3 |" in files[1].read_text()
    with PIL.Image.open(files[2]) as picture:
        assert picture.format == "PNG"


def test_a_quick_run_scores_fewer_queries_of_the_named_tasks(data, model, tmp_path):
    report = tmp_path / "report.json"
    run("--model", model, "--data", data, "--think", "never", "--task", "keywords",
        "--queries", "2", "--json", report)  # fmt: skip
    found = json.loads(report.read_text())
    assert [row["queries"] for row in found["rows"]] == [2]
    assert found["differences"] == []
    assert found["protocol"]["queries_cap"] == 2


def test_refuses_two_models_of_one_name(data, model):
    with pytest.raises(ConfigError, match="two models have the name 'tiny'"):
        run("--model", model, "--beside", f"{model}/.", "--data", data)


def test_refuses_an_unknown_model(data):
    with pytest.raises(ModelError, match="unknown model 'nona'"):
        run("--model", "nona", "--data", data)


def test_refuses_an_unknown_mode():
    with pytest.raises(ConfigError, match=r"unknown --think 'never,allways'; .* never, always"):
        run("--think", "never,allways")


def test_refuses_a_report_in_a_missing_folder(tmp_path):
    with pytest.raises(ConfigError, match="there is no folder"):
        run("--json", tmp_path / "absent" / "report.json")


def test_refuses_a_plot_without_matplotlib_before_anything_is_encoded(monkeypatch, tmp_path):
    monkeypatch.setattr("forethought.cli.evaluation.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"needs the package matplotlib.*forethought\[eval\]"):
        run("--plot", tmp_path / "report.png", "--data", tmp_path / "absent")


def test_refuses_absent_data_with_the_command_that_builds_it(tmp_path):
    with pytest.raises(DataError, match="forethought data glyphs"):
        run("--data", tmp_path)


def test_help_names_every_choice():
    text = run("--help").output
    for option in ("--model", "--think", "--beside", "--task", "--queries", "--json", "--markdown"):
        assert option in text
