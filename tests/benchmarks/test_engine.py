import importlib.util

import pytest

from benchmarks import engine


@pytest.fixture(autouse=True)
def unchanged_environment(monkeypatch):
    monkeypatch.setenv("TORCH_CUDNN_SDPA_DEPRIORITIZED", "1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workload", "huge"], "unknown --workload 'huge'; known: nano, ume-2b"),
        (["--inputs", "0"], "--inputs is 0; it must be at least 1"),
        (["--repeats", "0"], "--repeats is 0; it must be at least 1"),
        (["--workload", "ume-2b", "--rows", "-1"], "--rows is -1; it must be at least 0"),
        (["--workload", "ume-2b", "--tokens", "12,x"], "--tokens '12,x': give whole numbers"),
        (["--workload", "ume-2b", "--tokens", "²"], "--tokens '²': give whole numbers"),
        (["--tokens", "12"], "--tokens is an option of --workload ume-2b, and this is nano"),
        (["--workload", "ume-2b", "--quick"], "--quick is an option of --workload nano"),
        (["--plot", "x.gif"], "--plot x.gif: the plot is a PNG; end its name in .png"),
        (["--workload", "ume-2b", "--shape", "wide"], "unknown --shape 'wide'; known: full, tiny"),
        (["--json", "nowhere/at/all.json"], "there is no folder"),
        (["--pictures", "nowhere"], "nowhere is no folder; name a folder of pictures"),
    ],
)
def test_bad_input_is_one_line_and_status_2(words, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        engine.main(words)
    assert stopped.value.code == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]


@pytest.mark.parametrize(
    ("package", "words", "stops"),
    [
        ("matplotlib", ["--plot", "x.png"], True),
        ("sentence_transformers", ["--quick"], False),
    ],
)
def test_missing_packages_are_named_before_anything_is_measured(
    package, words, stops, monkeypatch, capsys
):
    here = importlib.util.find_spec
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == package else here(name))
    monkeypatch.setattr(engine, "run", lambda _: None)
    if stops:
        with pytest.raises(SystemExit):
            engine.main(words)
    else:
        engine.main(words)
    assert "pip install 'forethought[eval]'" in capsys.readouterr().err


def test_each_workload_has_its_defaults():
    options = engine.parse(["--workload", "ume-2b", "--inputs", "3"])
    assert (options.shape, options.tokens, options.rows) == ("full", (403, 128), 0)
    assert options.inputs == 3


def test_a_machine_without_cuda_is_refused_in_one_line(monkeypatch, capsys):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as stopped:
        engine.main(["--workload", "ume-2b"])
    assert stopped.value.code == 2
    assert "workload ume-2b needs CUDA and this machine has none; --shape tiny" in (
        capsys.readouterr().err
    )
