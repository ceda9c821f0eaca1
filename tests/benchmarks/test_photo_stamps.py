import pytest

from benchmarks.photo_stamps import copy_stamps


@pytest.fixture
def stamps(tmp_path):
    """A dog, a letter, a drawing of lines, and a mirrored picture without a caption."""
    for name in ("animals/dog.png", "symbols/a.png", "food/pie.svg", "animals/dog_mirror.png"):
        path = tmp_path / "stamps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        if "mirror" not in name:
            path.with_suffix(".txt").write_text(f"{path.stem}.\nfr.utf8=Fächer.\n", "utf-8")
    return tmp_path / "stamps"


def test_captioned_pictures_are_copied_with_their_english_caption(stamps, tmp_path):
    assert copy_stamps(stamps, tmp_path / "out") == 1
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["dog.png", "dog.txt"]
    assert (tmp_path / "out/animals/dog.png").read_bytes() == b"animals/dog.png"
    assert (tmp_path / "out/animals/dog.txt").read_text() == "dog.\n"


def test_a_folder_without_stamps_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no picture with a caption; name the folder"):
        copy_stamps(tmp_path, tmp_path / "out")
