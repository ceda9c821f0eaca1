import pytest

from benchmarks.parts import main, pack, unpack
from forethought.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """Files that a compressed archive of 300 bytes does not hold."""
    home = tmp_path / "folder"
    (home / "inner").mkdir(parents=True)
    (home / "inner" / "noise").write_bytes(bytes(range(256)) * 2)
    (home / "words").write_text("red ship")
    return home


def test_a_folder_comes_back_from_parts_within_the_limit(folder, tmp_path):
    parts = pack(folder, tmp_path / "out", name="model", limit=100)
    assert [path.name for path in parts[:2]] == ["model-01.part", "model-02.part"]
    assert all(path.stat().st_size == 100 for path in parts[:-1])
    assert 0 < parts[-1].stat().st_size <= 100
    unpack(tmp_path / "out", tmp_path / "back", name="model")
    for name in ("inner/noise", "words"):
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()


def test_older_parts_of_the_same_name_are_deleted(folder, tmp_path):
    other = pack(folder, tmp_path, name="other", limit=1000)
    many = pack(folder, tmp_path, name="model", limit=50)
    (one,) = pack(folder, tmp_path, name="model", limit=1000)
    assert one == many[0]
    assert sorted(tmp_path.glob("*.part")) == [one, *other]


@pytest.mark.parametrize("missing", [0, 1, -1], ids=["first", "second", "last"])
def test_a_missing_part_is_found_out(folder, tmp_path, missing):
    pack(folder, tmp_path, name="model", limit=60)[missing].unlink()
    with pytest.raises(DataError, match=r"no whole archive .* copy every part"):
        unpack(tmp_path, tmp_path / "back", name="model")


def test_bad_input_is_one_line_and_status_2(folder, tmp_path, capsys):
    for words, message in (
        (["unpack", tmp_path, tmp_path / "back"], "no part-01.part; copy the parts"),
        (["pack", tmp_path / "nowhere", tmp_path], "no such folder, or nothing in it"),
        (["pack", folder, tmp_path, "--limit-mib", "0"], "give a larger limit"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main([str(word) for word in words])
        assert stopped.value.code == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_the_command_says_what_it_wrote(folder, tmp_path, capsys):
    main(["pack", str(folder), str(tmp_path / "out"), "--name", "model"])
    assert capsys.readouterr().out == f"{tmp_path / 'out' / 'model-01.part'}: 0.0 MiB\n"
    main(["unpack", str(tmp_path / "out"), str(tmp_path / "back"), "--name", "model"])
    assert (tmp_path / "back" / "words").read_text() == "red ship"
