import json

import pytest

from tests import published

STATUSES = {"ok", "warn", "fail"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return published.make("rge", tmp_path_factory.mktemp("published") / "rge")


def test_a_healthy_checkpoint_is_status_0_and_one_line_a_check(run, folder):
    ran = run("doctor", folder, "--device", "cpu")
    assert ran.status == 0
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert "OK    family          RGE (rge): qwen2_5_vl whose tokenizer holds <emb>" in lines
    assert lines[-1] == f"{folder}: 14 OK, 2 WARN, 0 FAIL"
    assert max(map(len, lines[:-1])) <= 100


def test_a_warning_says_the_way_out_below(run, folder):
    lines = run("doctor", folder, "--device", "cpu").out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("WARN  context"))
    assert any(line.strip().startswith("-> load with a smaller") for line in lines[at : at + 4])


def test_json_keeps_its_shape(run, folder):
    ran = run("doctor", folder, "--device", "cpu", "--json")
    assert ran.status == 0
    told = json.loads(ran.out)
    assert set(told) == {"model", "family", "device", "healthy", "findings"}
    assert told["model"] == str(folder)
    assert (told["family"], told["device"], told["healthy"]) == ("rge", "cpu", True)
    assert len(told["findings"]) == 16
    for finding in told["findings"]:
        assert set(finding) == {"name", "status", "told", "way_out"}
        assert finding["status"] in STATUSES
        assert finding["told"]
        assert (finding["way_out"] is None) == (finding["status"] == "ok")


def test_a_failure_is_status_1_in_words_and_in_json(run, tmp_path):
    broken = published.make("ume_r1", tmp_path / "ume_r1")
    (broken / "config.json").write_text("{")
    ran = run("doctor", broken, "--device", "cpu")
    assert ran.status == 1
    assert ran.out.startswith("OK    versions")
    assert "FAIL  files" in ran.out
    ran = run("doctor", broken, "--device", "cpu", "--json")
    assert ran.status == 1
    told = json.loads(ran.out)
    assert told["healthy"] is False
    assert told["family"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody"], "unknown model 'nobody'"),
        ([".", "--family", "rgb"], "unknown family 'rgb'; known:"),
        ([".", "--device", "toaster"], "unknown device 'toaster'"),
    ],
)
def test_what_cannot_be_asked_for_is_status_2(run, words, said):
    ran = run("doctor", *words)
    assert ran.status == 2
    assert ran.err.startswith(f"error: {said}")
    assert ran.out == ""


def test_a_family_can_be_told(run, tmp_path):
    made = published.make("vlm2vec", tmp_path / "vlm2vec")
    assert run("doctor", made, "--device", "cpu").status == 1
    ran = run("doctor", made, "--device", "cpu", "--family", "vlm2vec")
    assert ran.status == 0
    assert "VLM2Vec-V2 (vlm2vec): as told" in ran.out
