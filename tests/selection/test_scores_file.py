import pytest

from forethought.errors import DataError
from forethought.selection import ScoresFile


def test_numbers_come_back_to_the_last_bit(tmp_path):
    path = tmp_path / "s.jsonl"
    with ScoresFile.open(path) as file:
        file.add([("a", (0.1, -1e-17)), ("b", (3.0,))])
        assert "a" in file
    with ScoresFile.open(path) as file:
        assert file["a"] == (0.1, -1e-17)
        file.add([("c", (1.5,))])
        assert "d" not in file
    assert len(path.read_text().splitlines()) == 3


def test_a_torn_last_line_is_cut_off(tmp_path):
    path = tmp_path / "s.jsonl"
    with ScoresFile.open(path) as file:
        file.add([("a", (1.0,))])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key": "b", "sco')
    with ScoresFile.open(path) as file:
        assert "b" not in file
        file.add([("c", (2.0,))])
    assert path.read_bytes().startswith(whole)
    with ScoresFile.open(path) as file:
        assert (file["a"], file["c"]) == ((1.0,), (2.0,))


@pytest.mark.parametrize("line", ["[]", "{", '{"key": "a"}', '{"key": "a", "scores": [NaN]}'])
def test_a_wrong_line_is_named(tmp_path, line):
    path = tmp_path / "s.jsonl"
    path.write_text(f'{{"key": "a", "scores": [1]}}\n{line}\n')
    with (
        pytest.raises(DataError, match=r"s\.jsonl, line 2: not a line of scores"),
        ScoresFile.open(path),
    ):
        pass


def test_a_file_has_one_writer(tmp_path):
    path = tmp_path / "s.jsonl"
    with (
        ScoresFile.open(path),
        pytest.raises(DataError, match="another process is scoring into it"),
        ScoresFile.open(path),
    ):
        pass
    with ScoresFile.open(path):
        pass
