import json

import pytest

from tests import published

STATUSES = {"ok", "warn", "fail"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return published.make("rge", tmp_path_factory.mktemp("published") / "rge")


def test_a_healthy_checkpoint_has_exit_code_0_and_one_line_per_check(run, folder):
    ran = run("doctor", folder, "--device", "cpu")
    assert ran.status == 0
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert "OK    family          RGE (rge): qwen2_5_vl whose tokenizer holds <emb>" in lines
    assert lines[-1] == f"{folder}: 14 OK, 2 WARN, 0 FAIL"
    assert max(map(len, lines[:-1])) <= 100


def test_the_remedy_of_a_warning_is_on_the_next_line(run, folder):
    lines = run("doctor", folder, "--device", "cpu").out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("WARN  context"))
    assert any(line.strip().startswith("-> load with a smaller") for line in lines[at : at + 4])


def test_json_has_every_finding(run, folder):
    ran = run("doctor", folder, "--device", "cpu", "--json")
    assert ran.status == 0
    content = json.loads(ran.out)
    assert set(content) == {"model", "family", "device", "healthy", "findings"}
    assert content["model"] == str(folder)
    assert (content["family"], content["device"], content["healthy"]) == ("rge", "cpu", True)
    assert len(content["findings"]) == 16
    for finding in content["findings"]:
        assert set(finding) == {"name", "status", "message", "remedy"}
        assert finding["status"] in STATUSES
        assert finding["message"]
        assert (finding["remedy"] is None) == (finding["status"] == "ok")


def test_a_failure_has_exit_code_1_with_and_without_json(run, tmp_path):
    broken = published.make("ume_r1", tmp_path / "ume_r1")
    (broken / "config.json").write_text("{")
    ran = run("doctor", broken, "--device", "cpu")
    assert ran.status == 1
    assert ran.out.startswith("OK    versions")
    assert "FAIL  files" in ran.out
    ran = run("doctor", broken, "--device", "cpu", "--json")
    assert ran.status == 1
    content = json.loads(ran.out)
    assert content["healthy"] is False
    assert content["family"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "unknown model 'nobody'"),
        ([".", "--family", "rgb"], "unknown family 'rgb'; known:"),
        ([".", "--device", "toaster"], "unknown device 'toaster'"),
    ],
)
def test_an_unknown_model_family_or_device_has_exit_code_2(run, arguments, message):
    ran = run("doctor", *arguments)
    assert ran.status == 2
    assert ran.err.startswith(f"error: {message}")
    assert ran.out == ""


def test_the_family_can_be_given(run, tmp_path):
    folder = published.make("vlm2vec", tmp_path / "vlm2vec")
    assert run("doctor", folder, "--device", "cpu").status == 1
    ran = run("doctor", folder, "--device", "cpu", "--family", "vlm2vec")
    assert ran.status == 0
    assert "VLM2Vec-V2 (vlm2vec): set by the caller" in ran.out


def test_checks_that_stay_out_for_one_reason_share_a_line(run, tmp_path):
    ran = run("doctor", tmp_path, "--device", "cpu")
    assert ran.status == 1
    assert ran.out.count("not checked: config or tokenizer cannot be read") == 1
    assert "; the same for tokens, ids," in " ".join(ran.out.split())
    assert ran.out.splitlines()[-1].endswith("1 OK, 14 WARN, 1 FAIL")
    assert len(json.loads(run("doctor", tmp_path, "--json").out)["findings"]) == 16
