from pathlib import Path

import pytest

from forethought.data.data_files import find_files
from forethought.errors import DataError

SUFFIXES = frozenset({".tar", ".jsonl"})


@pytest.fixture
def folder(tmp_path):
    for name in ("a-1.tar", "a-2.tar", "b.jsonl", "c.txt", "{odd}.tar"):
        (tmp_path / name).touch()
    return tmp_path


def names(found):
    return [path.name for path in found]


def test_a_file_a_folder_a_pattern_a_range_and_a_list(folder):
    assert names(find_files(folder / "b.jsonl", SUFFIXES)) == ["b.jsonl"]
    assert names(find_files(folder, SUFFIXES)) == ["a-1.tar", "a-2.tar", "b.jsonl", "{odd}.tar"]
    assert names(find_files(folder / "a-*.tar", SUFFIXES)) == ["a-1.tar", "a-2.tar"]
    assert names(find_files(folder / "[a]-{1,2}.t?r", SUFFIXES)) == ["a-1.tar", "a-2.tar"]


def test_a_range_keeps_its_zeros_and_lists_files_that_are_not_there():
    found = find_files(Path("x/{a,b}-{08..11}.tar"), SUFFIXES)
    assert names(found) == [
        f"{letter}-{number}.tar" for letter in "ab" for number in ("08", "09", "10", "11")
    ]


def test_a_file_whose_name_has_braces_is_itself(folder):
    assert names(find_files(folder / "{odd}.tar", SUFFIXES)) == ["{odd}.tar"]


def test_nothing_found_is_refused(folder):
    with pytest.raises(DataError, match=r"z-\*\.tar: no file matches"):
        find_files(folder / "z-*.tar", SUFFIXES)
    with pytest.raises(DataError, match=r"a folder without \.csv files"):
        find_files(folder, frozenset({".csv"}))
    with pytest.raises(DataError, match=r"counts down to nothing; write \{1\.\.3\}"):
        find_files(Path("a-{3..1}.tar"), SUFFIXES)
