import json
from dataclasses import asdict

import pytest

from forethought import nano
from forethought.nano.glyphs import Manifest
from forethought.nano.glyphs.revisions import Revisions
from forethought.nano.lab import LabManifest

REVISIONS = Revisions({"pictures": "ab"}, {"name/unseen_style": "cd"})


@pytest.fixture
def built(monkeypatch):
    """Replaces the build: it writes nothing and reports one step; returns the folders."""
    folders = []

    def build(out, *, progress):
        folders.append(out)
        progress(1, 2, "pictures")
        return Manifest({"ball": "1.2.0"}, REVISIONS, {"pictures": 3})

    monkeypatch.setattr(nano, "build_glyphs", build, raising=False)
    return folders


def test_builds_into_the_folder_and_records_the_hashes(run, built, tmp_path):
    record = tmp_path / "revisions.json"
    ran = run("data", "glyphs", "--out", tmp_path / "glyphs", "--record", record)
    assert (ran.status, ran.out) == (0, f"{tmp_path / 'glyphs'}\n")
    assert built == [tmp_path / "glyphs"]
    assert json.loads(record.read_text()) == asdict(REVISIONS)


def test_a_record_that_cannot_be_written_is_refused_before_the_build(run, built, tmp_path):
    ran = run("data", "glyphs", "--record", tmp_path / "absent" / "revisions.json")
    assert ran.status == 2
    assert "there is no folder" in ran.err
    assert built == []


def test_check_names_what_is_missing(run, built, tmp_path):
    ran = run("data", "glyphs", "--out", tmp_path, "--check")
    assert ran.status == 2
    assert "pictures.parquet: cannot be read" in ran.err
    assert built == []


@pytest.fixture
def lab_folders(monkeypatch):
    """Replaces the build of lab; returns the folders."""
    folders = []

    def build(out):
        folders.append(out)
        return LabManifest("ball 1.2.0", REVISIONS, {"queries/sum/held_sum": 3})

    monkeypatch.setattr(nano, "build_lab", build, raising=False)
    return folders


def test_builds_lab_and_records_the_hashes(run, lab_folders, tmp_path):
    record = tmp_path / "revisions.json"
    ran = run("data", "lab", "--out", tmp_path / "lab", "--record", record)
    assert (ran.status, ran.out) == (0, f"{tmp_path / 'lab'}\n")
    assert lab_folders == [tmp_path / "lab"]
    assert json.loads(record.read_text()) == asdict(REVISIONS)


def test_check_of_lab_names_what_is_missing(run, lab_folders, tmp_path):
    ran = run("data", "lab", "--out", tmp_path, "--check")
    assert ran.status == 2
    assert "examples.parquet: cannot be read" in ran.err
    assert lab_folders == []
