import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from forethought import config
from forethought.cli.evaluate import app
from forethought.errors import CheckpointError, ConfigError, DataError, ModelError
from tests import published, tiny


def run(*arguments: str | Path) -> Result:
    words = ["lab", *map(str, arguments)]
    return CliRunner().invoke(app, words, catch_exceptions=False, env={"COLUMNS": "200"})


def _query(text: str, answer: str) -> dict[str, Any]:
    query = {"query_instruction": "Answer.", "query_text": text, "query_picture": ""}
    return query | {"relevant": [answer]}


def _candidate(text: str) -> dict[str, Any]:
    document = {"document_instruction": "Text.", "document_text": text, "document_picture": ""}
    return document | {"document": text}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tasks of questions in words; there are no pictures."""
    folder = tmp_path_factory.mktemp("lab")
    keys = [{"task": "lookup", "split": "held"}, {"task": "two_steps", "split": "held"}]
    queries = [key | _query(f"a {name} thing", name) for key in keys for name in ("red", "blue")]
    pool = [key | _candidate(name) for key in keys for name in tiny.COLOURS]
    for table, rows in (("queries", queries), ("candidates", pool)):
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{table}.parquet")
    return folder


@pytest.fixture
def recipe(tiny_data: Path, tiny_model: Path, tmp_path: Path, monkeypatch) -> Path:
    """A recipe of one step from the tiny model; runs lie in the working folder."""
    monkeypatch.chdir(tmp_path)
    (stage,) = tiny.recipe(tiny_data, steps=(1, 1)).stages[:1]
    whole = dataclasses.replace(
        tiny.recipe(tiny_data), name="quick", init=str(tiny_model), scratch=None, gate=None,
        stages=(stage,),
    )  # fmt: skip
    path = tmp_path / "short.toml"
    path.write_text(tiny.as_toml(config.dump(whole)))
    return path


def test_scores_a_model_in_every_mode(data, tiny_model, tmp_path):
    report = tmp_path / "report.json"
    ran = run("--model", tiny_model, "--data", data, "--json", report)
    assert ran.exit_code == 0
    assert "answers" in ran.output
    found = json.loads(report.read_text())
    assert [row["think"] for row in found["rows"] if row["task"] == "lookup"] == [
        "never", "always", "auto"]  # fmt: skip
    exact = {row["think"]: row["exact"] for row in found["rows"] if row["task"] == "two_steps"}
    assert exact["never"] is None
    assert 0.0 <= exact["always"] <= 1.0
    assert found["protocol"]["benchmark"].startswith("lab")
    assert found["summary"] == []


def _trained() -> dict[Path, int]:
    """When the last checkpoint of each run was written."""
    found = Path("runs").glob("short-seed-*/checkpoint/position.json")
    return {path: path.stat().st_mtime_ns for path in found}


def test_trains_every_seed_once_and_reports_them_as_one_model(data, recipe, tmp_path):
    reports = [tmp_path / "first.json", tmp_path / "again.json"]
    options = ("--seeds", "2", "--recipe", recipe, "--data", data, "--think", "never,always")
    run(*options, "--task", "lookup", "--json", reports[0])
    before = _trained()
    ran = run(*options, "--task", "lookup", "--json", reports[1])
    assert ran.exit_code == 0
    assert len(before) == 2
    assert _trained() == before
    assert "mean over 2 seeds ± standard deviation" in ran.output
    found = json.loads(reports[0].read_text())
    assert found == json.loads(reports[1].read_text())
    assert {(row["seed"], row["model"]) for row in found["rows"]} == {(1, "quick"), (2, "quick")}
    assert [(row["think"], row["seeds"]) for row in found["summary"]] == [
        ("never", 2), ("always", 2)]  # fmt: skip
    assert set(found["protocol"]["models"]) == {"quick, seed 1", "quick, seed 2"}
    assert (
        found["protocol"]["models"]["quick, seed 1"] != found["protocol"]["models"]["quick, seed 2"]
    )
    assert found["differences"][0]["a"] == "quick always"


def test_a_run_of_another_recipe_is_refused_before_anything_is_trained(data, recipe):
    run("--seeds", "1", "--recipe", recipe, "--data", data, "--think", "never")
    recipe.write_text(recipe.read_text().replace("weight_decay = 0.03", "weight_decay = 0.04"))
    with pytest.raises(CheckpointError, match=r"runs/short-seed-1: was trained by another recipe"):
        run("--seeds", "2", "--recipe", recipe, "--data", data, "--think", "never")
    assert not Path("runs/short-seed-2").exists()


def test_a_base_that_is_missing_is_named_with_the_recipe_that_makes_it(data, recipe, tmp_path):
    base = recipe.read_text().replace('name = "quick"', 'name = "base"')
    (tmp_path / "base.toml").write_text(base)
    lines = ['init = "models/base"' if line.startswith("init") else line
             for line in recipe.read_text().splitlines()]  # fmt: skip
    recipe.write_text("\n".join(lines) + "\n")
    with pytest.raises(ModelError, match=r"models/base, which is not there; .*train .*base\.toml"):
        run("--seeds", "1", "--recipe", recipe, "--data", data)


def test_refuses_absent_data_with_the_command_that_builds_it(tmp_path):
    with pytest.raises(DataError, match=r"queries\.parquet.*forethought data lab"):
        run("--data", tmp_path)


def test_refuses_a_model_that_never_thinks(data, tmp_path):
    with pytest.raises(ModelError, match="writes no rationales; use think='never'"):
        run("--model", "frozen_baseline", "--data", data, "--think", "always")
    direct = published.make("vlm2vec", tmp_path / "direct")
    (direct / "forethought.json").write_text('{"family": "vlm2vec"}')
    with pytest.raises(ModelError, match="cannot think on the query side, only on no side"):
        run("--model", direct, "--data", data, "--think", "always")


@pytest.mark.parametrize("seeds", ["0", "-1"])
def test_refuses_no_seeds(seeds):
    with pytest.raises(ConfigError, match=f"--seeds is {seeds}; train at least one"):
        run("--seeds", seeds)


def test_refuses_a_model_beside_seeds():
    with pytest.raises(ConfigError, match=r"--model nano and --seeds 3: .* --beside"):
        run("--seeds", "3", "--model", "nano")


def test_refuses_a_recipe_that_is_missing(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.toml: no such recipe"):
        run("--seeds", "3", "--recipe", tmp_path / "gone.toml")


def test_refuses_a_recipe_without_seeds(tmp_path):
    with pytest.raises(ConfigError, match=r"a\.toml: say how often to train it, such as --seeds 3"):
        run("--recipe", tmp_path / "a.toml")


def test_help_names_every_choice():
    text = run("--help").output
    for option in ("--model", "--think", "--seeds", "--recipe", "--beside", "--queries", "--json"):
        assert option in text
