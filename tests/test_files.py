import pytest

from forethought.errors import ConfigError
from forethought.files import atomic, check_target


def test_a_file_appears_whole(tmp_path):
    target = tmp_path / "out.txt"
    with atomic(target) as scratch:
        scratch.write_text("all of it")
        assert not target.exists()
    assert target.read_text() == "all of it"


def test_after_an_error_the_old_file_is_as_it_was(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(ValueError, match="half way"):
        _fail_half_way(target)
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
    assert target.read_text() == "old"


def _fail_half_way(target):
    with atomic(target) as scratch:
        scratch.write_text("new")
        raise ValueError("half way")


def test_a_target_is_checked_before_the_work(tmp_path):
    check_target(None)
    check_target(tmp_path / "new.png")
    with pytest.raises(ConfigError, match="is a folder; name a file in it"):
        check_target(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no folder .*; make it first"):
        check_target(tmp_path / "no/new.png")
