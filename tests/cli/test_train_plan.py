import pytest

from forethought import config
from forethought.training import run_plan
from tests import tiny


@pytest.fixture
def recipe(tiny_data, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.as_toml(config.dump(tiny.recipe(tiny_data))))
    return path


def lines(text):
    """The lines of each part, by its title."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in text.splitlines():
        title = line[:9].strip() or title
        found.setdefault(title, []).append(line[9:].strip())
    return found


def test_a_dry_run_prints_everything_and_writes_nothing(run, recipe, tmp_path, tiny_data):
    before = {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))}
    ran = run("train", recipe, "--out", tmp_path / "run", "--dry-run")
    assert (ran.status, ran.err) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))} == before
    found = lines(ran.out)
    assert list(found) == [
        "run",
        "device",
        "model",
        "data",
        "stage 1",
        "stage 2",
        "memory",
        "writes",
    ]
    assert found["run"] == [
        "tiny: 11 steps in 2 stages, seed 7",
        "starts at step 0: there is no checkpoint",
    ]
    assert ", 1 process, " in found["device"][0]
    assert found["model"][0] == "a new network: Forethought, qwen2_vl"
    assert found["model"][1].endswith(" trained, 0 frozen")
    assert found["data"][0] == "forethought.nano:GlyphExamples: 28 examples of 2 tasks"
    assert found["data"][1].startswith(f"{tiny_data.as_posix()}: 4 files, ")
    assert found["stage 2"][:3] == [
        "cold-start: 6 steps of 6 pairs",
        "loss 0.9 direct + 0.6 thought + 0.8 cross_mode + 0.7 next_token + 0.3 statements",
        # Half of 3e-3, and (0.1 + 0.9 / 2) * 3e-3.
        "learning rate from 0.0015 in 2 steps, at 0.003, down to 0.00165 in the last 2",
    ]
    assert "weights " in found["memory"][1]
    assert found["writes"][0] == f"{tmp_path / 'run'}: journal.jsonl, journal.png, model/"
    assert "checkpoint/ every 4 steps, after-contrastive/" in found["writes"][1]


def test_a_dry_run_says_that_a_run_does_not_fit(run, recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(run_plan, "available_bytes", lambda _: 1_500_000)
    ran = run("train", recipe, "--out", tmp_path / "run", "--dry-run")
    assert ran.status == 2
    assert ran.err.startswith("error: tiny takes about ")
    assert "of 1.5 MB available" in ran.out
    ran = run("train", recipe, "--out", tmp_path / "run", "--dry-run", "--no-memory-check")
    assert (ran.status, ran.err) == (0, "")


def test_a_dry_run_of_an_interrupted_run_says_where_it_resumes(run, recipe, tmp_path):
    out = tmp_path / "run"
    run("train", recipe, "--out", out, "--steps", "2")
    ran = run("train", recipe, "--out", out, "--dry-run")
    assert lines(ran.out)["run"][1] == f"resumes at step 2, from {out / 'checkpoint'}"
    ran = run("train", recipe, "--out", out, "--dry-run", "--fresh")
    assert lines(ran.out)["run"][1] == "starts at step 0: there is no checkpoint"
