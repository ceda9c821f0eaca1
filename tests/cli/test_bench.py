import pytest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workload", "huge"], "unknown --workload 'huge'; known: nano, ume-2b"),
        (["--inputs", "0"], "--inputs is 0; embed at least 1"),
        (["--repeats", "0"], "--repeats is 0; time at least 1 round"),
        (["--workload", "ume-2b", "--tokens", "12,x"], "--tokens '12,x': name whole numbers"),
        (["--workload", "ume-2b", "--tokens", "²"], "--tokens '²': name whole numbers"),
        (["--tokens", "12"], "--tokens is of --workload ume-2b, and this is nano: leave it out"),
        (["--workload", "ume-2b", "--quick"], "--quick is of --workload nano, and this is ume-2b"),
        (["--plot", "x.gif"], "--plot x.gif: the plot is a PNG; let its name end in .png"),
        (["--workload", "ume-2b", "--shape", "wide"], "unknown --shape 'wide'; known: full, tiny"),
        (["--json", "nowhere/at/all.json"], "there is no folder"),
        (["--pictures", "nowhere"], "nowhere is no folder; name a folder of pictures"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, words, message):
    ran = run("bench", *words)
    assert ran.status == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_machine_without_cuda_is_told_in_one_line(run, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    ran = run("bench", "--workload", "ume-2b")
    assert ran.status == 2
    assert "workload ume-2b needs CUDA and this machine has none; --shape tiny" in ran.err
    assert ran.err.count("\n") == 1
