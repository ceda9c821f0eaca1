import errno

import pytest
import torch
from safetensors.torch import save_file

from forethought.errors import ConfigError, DataError
from forethought.files import (
    atomic,
    atomic_folder,
    check_new_folder,
    check_target,
    file_lock,
    remedy,
    write_text,
)


def test_a_file_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "out.txt"
    with atomic(target) as temporary:
        temporary.write_text("complete")
        assert not target.exists()
    assert target.read_text() == "complete"


def test_a_file_has_the_permissions_of_any_new_one(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic(tmp_path / "w.safetensors") as temporary:
        save_file({"a": torch.zeros(1)}, temporary)
    written, plain = (tmp_path / "w.safetensors").stat(), (tmp_path / "plain").stat()
    assert written.st_mode == plain.st_mode


def test_an_error_leaves_the_old_file(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(ValueError, match="stop"):
        _fail(target)
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
    assert target.read_text() == "old"


def _fail(target):
    with atomic(target) as temporary:
        temporary.write_text("new")
        raise ValueError("stop")


def test_a_target_that_cannot_be_written_is_refused(tmp_path):
    check_target(None)
    check_target(tmp_path / "new.png")
    with pytest.raises(ConfigError, match="is a folder; name a file in it"):
        check_target(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no folder .*; make it first"):
        check_target(tmp_path / "no/new.png")


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_appears_when_it_is_complete(tmp_path, is_there):
    target = tmp_path / "out"
    if is_there:
        target.mkdir()
    with atomic_folder(target) as temporary:
        (temporary / "a").write_text("complete")
        assert not (target / "a").exists()
    assert (target / "a").read_text() == "complete"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_error_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="stop"):
        _fail_in_a_folder(tmp_path / "out")
    assert not list(tmp_path.iterdir())


def _fail_in_a_folder(target):
    with atomic_folder(target) as temporary:
        (temporary / "a").write_text("new")
        raise ValueError("stop")


def test_an_error_of_the_system_names_the_folder_that_was_asked_for(tmp_path):
    with pytest.raises(OSError, match=r"out/b") as error, atomic_folder(tmp_path / "out") as made:
        (made / "b").read_text()
    assert error.value.filename == str(tmp_path / "out" / "b")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    check_new_folder(tmp_path / "new")
    check_new_folder(tmp_path / "empty")
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(ConfigError, match="is a folder with files in it; name a new one"):
        check_new_folder(tmp_path)
    with pytest.raises(ConfigError, match="is a file; name a new folder"):
        check_new_folder(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"there is no folder .*; make it first"):
        check_new_folder(tmp_path / "no/new")


def test_text_is_written_as_utf_8(tmp_path):
    write_text(tmp_path / "a.txt", "čaj")
    assert (tmp_path / "a.txt").read_bytes() == "čaj".encode()
    with pytest.raises(DataError, match=r"a.txt: cannot be written .*; name another file"):
        write_text(tmp_path / "gone" / "a.txt", "x")


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    from filelock import Timeout

    with file_lock(tmp_path / "lock"), pytest.raises(Timeout):
        file_lock(tmp_path / "lock").acquire(timeout=0)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "change its permissions"),
        (None, ""),
        (99999, ""),
    ],
)
def test_an_error_number_has_a_remedy_if_one_is_known(code, words):
    assert remedy(code) == words


def test_an_error_names_the_file_and_not_its_temporary(tmp_path):
    out = tmp_path / "missing" / "out.npz"
    with pytest.raises(FileNotFoundError) as caught, atomic(out) as temporary:
        temporary.write_bytes(b"")
    assert caught.value.filename == str(out)
