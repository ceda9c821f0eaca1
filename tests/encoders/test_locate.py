from pathlib import Path

import pytest

from forethought.encoders import find, find_local
from forethought.encoders.locate import model_name
from forethought.errors import ModelError


def test_an_unknown_name_is_refused_with_the_shipped_models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ModelError, match="unknown model 'nona': name a folder that holds a checkpoint"
    ):
        find("nona")
    assert find_local("nona") is None


def test_a_folder_does_not_hide_the_shipped_model_of_its_name(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    shipped = find("nano")
    assert not caplog.messages
    (tmp_path / "nano").mkdir()
    assert find("nano") == shipped
    assert caplog.messages == [
        "nano is the shipped model; for the folder of that name write ./nano"
    ]


@pytest.mark.parametrize("model", ["./nano", "nano/", Path("nano")])
def test_a_path_is_a_folder_before_it_is_a_name(tmp_path, monkeypatch, caplog, model):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nano").mkdir()
    assert find(model).resolve() == tmp_path / "nano"
    assert not caplog.messages


def test_a_name_without_separator_is_a_folder_if_nothing_shipped_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert find("mine").resolve() == tmp_path / "mine"


def test_a_repository_that_cannot_be_downloaded_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"zhibinlan/UME-R1-2B: not a folder here, and not avail"):
        find("zhibinlan/UME-R1-2B")


def test_a_snapshot_has_the_name_of_its_repository(tmp_path):
    snapshot = tmp_path / "models--zhibinlan--UME-R1-2B" / "snapshots" / "0123abcd"
    assert model_name(snapshot) == "zhibinlan/UME-R1-2B"
    assert model_name(tmp_path / "mine") == "mine"
