import importlib.util
import json

import pytest

from benchmarks import training


@pytest.fixture(autouse=True)
def unchanged_environment(monkeypatch):
    monkeypatch.setenv("TORCH_CUDNN_SDPA_DEPRIORITIZED", "1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--parts", "lab,huge"],
            "unknown part 'huge' in --parts; known: lab, nano, ume-2b, memory",
        ),
        (["--parts", ""], "unknown part '' in --parts"),
        (["--rounds", "0"], "--rounds is 0; it must be at least 1"),
        (["--json", "nowhere/at/all.json"], "there is no folder"),
        (["--parts", "ume-2b", "--shape", "wide"], "unknown --shape 'wide'; known: full, tiny"),
    ],
)
def test_bad_input_is_one_line_and_status_2(words, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        training.main(words)
    assert stopped.value.code == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]


def test_a_missing_package_is_named_before_anything_is_measured(monkeypatch, capsys):
    here = importlib.util.find_spec
    monkeypatch.setattr(
        training, "find_spec", lambda name: None if name == "accelerate" else here(name)
    )
    with pytest.raises(SystemExit):
        training.main(["--quick"])
    assert "pip install 'forethought[train]'" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_prints_its_tables_and_writes_the_file(tmp_path, capsys):
    out = tmp_path / "training.json"
    words = ["--quick", "--parts", "ume-2b", "--shape", "tiny", "--rounds", "1"]
    training.main([*words, "--json", str(out)])
    printed = capsys.readouterr().out
    assert "transformers.Trainer, sparse logits" in printed
    assert "not applicable" in printed
    payload = json.loads(out.read_text())
    assert [len(result["seconds"]) for result in payload["results"]] == [1] * 4
    assert payload["setting"]["rounds"] == 1
