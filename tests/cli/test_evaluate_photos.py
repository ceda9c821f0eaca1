import json
from pathlib import Path

import PIL.Image
import pytest
from typer.testing import CliRunner, Result

from forethought.cli.evaluate import app
from forethought.errors import ConfigError, DataError
from tests import tiny


def run(*arguments: str | Path) -> Result:
    words = ["photos", *map(str, arguments)]
    return CliRunner().invoke(app, words, catch_exceptions=False, env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A square of each colour; "violet" has no caption."""
    folder = tmp_path_factory.mktemp("photos")
    for name, colour in tiny.COLOURS.items():
        PIL.Image.new("RGB", (40, 30), colour).save(folder / f"{name}.png")
        if name != "violet":
            (folder / f"{name}.txt").write_text(f"{name}\n")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model."""
    data = tiny.build(tmp_path_factory.mktemp("data"))
    return tiny.untrained(data, tmp_path_factory.mktemp("model"))


def test_scores_a_model_in_both_modes_and_writes_the_reports_and_a_sheet(folder, model, tmp_path):
    files = [tmp_path / name for name in ("report.json", "report.md", "worst.png")]
    options = zip(("--json", "--markdown", "--sheet"), files, strict=True)
    ran = run("--model", model, "--data", folder, "--think", "never,always",
              *(word for pair in options for word in pair))  # fmt: skip
    assert ran.exit_code == 0
    assert "1 of them have no caption: violet.png" in ran.stderr
    assert "tiny always less tiny never" in ran.output
    report = json.loads(files[0].read_text())
    num_queries = len(tiny.COLOURS) - 1
    assert [(row["think"], row["queries"]) for row in report["rows"]] == [
        ("never", num_queries),
        ("always", num_queries),
    ]
    # Fewer pictures than ten: each is found.
    assert [row["hit@10"] for row in report["rows"]] == [1.0, 1.0]
    assert report["metrics"] == ["hit@1", "hit@10", "ndcg@5"]
    assert "1 of them have no caption: violet.png" in report["protocol"]["benchmark"]
    assert f"| captions | {folder.name} | {num_queries} |" in files[1].read_text()
    with PIL.Image.open(files[2]) as picture:
        assert picture.format == "PNG"
        # A row of 220 pixels for each query.
        assert picture.height > num_queries * 220


def test_refuses_a_sheet_in_a_missing_folder(folder, model, tmp_path):
    with pytest.raises(ConfigError, match="there is no folder"):
        run("--model", model, "--data", folder, "--sheet", tmp_path / "absent" / "worst.png")


def test_refuses_pictures_without_captions(tmp_path, model):
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "dog.png")
    with pytest.raises(DataError, match=r"none of the 1 pictures has a caption; .* in dog\.txt"):
        run("--model", model, "--data", tmp_path)


def test_the_folder_must_be_named():
    ran = run("--think", "never")
    assert ran.exit_code == 2
    assert "--data" in ran.stderr
