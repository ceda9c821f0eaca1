import json

import pytest


def test_built_in_inputs_are_measured_and_named_as_such(run, encoder):
    ran = run("bench", "nano", "--repeats", 1)
    assert ran.status == 0
    assert "12 built-in texts and generated pictures; batches of 64; 1 round" in ran.out
    assert "direct" in ran.out
    assert "colour has no decoder: only direct vectors were measured" in ran.out
    assert {think for _, think, _ in encoder.calls} == {"never"}


def test_inputs_are_taken_as_by_embed_up_to_the_limit(run, encoder, pictures):
    ran = run("bench", "nano", pictures, pictures / "r.png", "--limit", 2, "--repeats", 2, "--json")
    assert ran.status == 0
    found = json.loads(ran.out)
    assert found["inputs"].startswith("2 of 4 inputs from ")
    assert (found["model"], found["device"], found["thought"]) == ("colour", "cpu", None)
    assert found["direct"]["inputs"] == 2
    assert len(found["direct"]["seconds"]) == 2
    # A warm-up and two rounds over two pictures.
    assert len(encoder.encoded) == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nano", "--repeats", "0"], "--repeats is 0; it must be at least 1"),
        (["nano", "--limit", "0"], "--limit is 0; it must be at least 1"),
        (["nano", "--batch-size", "0"], "--batch-size is 0; it must be at least 1"),
        (["nano", "nowhere.png"], "nowhere.png: no such file or folder; check the path"),
        (["what"], "unknown model 'what'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, words, message):
    ran = run("bench", *words)
    assert ran.status == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_an_unreadable_file_is_refused_by_name(run, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    ran = run("bench", "nano", broken)
    assert ran.status == 2
    assert "broken.png" in ran.err


def test_the_limit_counts_for_built_in_inputs_too(run):
    found = json.loads(run("bench", "nano", "--limit", 4, "--repeats", 1, "--json").out)
    assert found["inputs"] == "4 of 12 built-in texts and generated pictures"
    assert found["direct"]["inputs"] == 4
