import shutil

import pytest


@pytest.fixture
def other(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "other")
    return tmp_path / "other"


def test_the_folder_is_printed_and_can_be_loaded(run, tiny_model, other, tmp_path):
    ran = run("merge", tiny_model, other, "-o", tmp_path / "soup", "--weights", "0.7,0.3")
    assert (ran.status, ran.out) == (0, f"{tmp_path / 'soup'}\n")
    assert "tensors, the average of 2 models" in ran.err
    assert (tmp_path / "soup" / "model.safetensors").read_bytes() == (
        tiny_model / "model.safetensors"
    ).read_bytes()


@pytest.mark.parametrize(
    ("weights", "message"),
    [("a,b", "--weights a,b: not numbers"), ("1,2,3", "2 models have 3 weights")],
)
def test_bad_weights_are_one_line(run, tiny_model, other, tmp_path, weights, message):
    ran = run("merge", tiny_model, other, "-o", tmp_path / "soup", "--weights", weights)
    assert ran.status == 2
    assert message in ran.err
    assert not (tmp_path / "soup").exists()
