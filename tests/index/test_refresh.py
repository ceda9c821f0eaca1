import os
import shutil
from dataclasses import replace

import PIL.Image
import pytest

from forethought.errors import ContractError
from forethought.index import FolderIndex, RefreshResult, SkippedFile, index_dir
from forethought.index import refresh as refresh_module
from tests.fakes import ColourEncoder


def draw(path, colour, size=(6, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", size, colour).save(path)


@pytest.fixture
def folder(tmp_path):
    for name, colour in [("r.png", "red"), ("g.png", "lime"), ("deep/b.png", "blue")]:
        draw(tmp_path / name, colour)
    return tmp_path


@pytest.fixture
def encoder():
    return ColourEncoder()


@pytest.fixture
def index(folder, encoder):
    index = FolderIndex(folder, index_dir(folder), encoder)
    index.refresh()
    encoder.encoded.clear()
    return index


def contents(index):
    """Every path in the index with its score for "red"."""
    query = ColourEncoder().encode(["red"], think="never")
    return {hit.document: round(hit.score, 5) for hit in index.search(query, k=100)}


@pytest.fixture
def fresh(folder, tmp_path_factory):
    """The contents of an index built from scratch over the folder."""

    def make():
        directory = index_dir(folder, tmp_path_factory.mktemp("fresh"))
        index = FolderIndex(folder, directory, ColourEncoder())
        index.refresh()
        return contents(index)

    return make


def test_a_second_refresh_embeds_nothing(index, encoder):
    assert index.refresh() == RefreshResult(3, embedded=0, reused=0, dropped=0, skipped=())
    assert encoder.encoded == []


def test_only_new_and_changed_pictures_are_embedded(index, folder, encoder):
    draw(folder / "new.png", "yellow")
    draw(folder / "r.png", "cyan", size=(9, 9))
    assert index.refresh() == RefreshResult(4, embedded=2, reused=0, dropped=0, skipped=())
    assert sorted(encoder.encoded) == ["new.png", "r.png"]


def test_deleted_pictures_are_dropped(index, folder):
    (folder / "r.png").unlink()
    shutil.rmtree(folder / "deep")
    assert index.refresh().dropped == 2
    assert contents(index).keys() == {"g.png"}


def test_a_touched_picture_keeps_its_vector(index, folder, encoder):
    os.utime(folder / "r.png", ns=(1, 1))
    assert index.refresh() == RefreshResult(3, embedded=0, reused=1, dropped=0, skipped=())
    assert index.refresh().reused == 0
    assert encoder.encoded == []


def test_a_renamed_picture_keeps_its_vector(index, folder, encoder):
    (folder / "r.png").rename(folder / "deep/renamed.png")
    assert index.refresh() == RefreshResult(3, embedded=0, reused=1, dropped=1, skipped=())
    assert contents(index).keys() == {"g.png", "deep/b.png", "deep/renamed.png"}
    assert encoder.encoded == []


def test_equal_files_are_embedded_once(folder, encoder):
    shutil.copy(folder / "r.png", folder / "copy.png")
    result = FolderIndex(folder, index_dir(folder), encoder).refresh()
    assert (result.pictures, result.embedded, result.reused) == (4, 3, 1)
    assert len(encoder.encoded) == 3


def test_swapped_pictures_keep_the_right_vectors(index, fresh, monkeypatch):
    # A batch of one: the vector of the first has been overwritten when the second is reused.
    monkeypatch.setattr(refresh_module, "BATCH", 1)
    folder = index.folder
    for a, b in (("r.png", "aside"), ("g.png", "r.png"), ("aside", "g.png")):
        (folder / a).rename(folder / b)
        os.utime(folder / b)
    assert index.refresh().pictures == 3
    assert contents(index) == fresh()


def test_a_damaged_file_is_reported_each_time_and_decoded_once(index, folder, monkeypatch):
    (folder / "empty.png").touch()
    (folder / "torn.png").write_bytes((folder / "r.png").read_bytes()[:50])
    (folder / "gone.png").symlink_to("nowhere")
    first = index.refresh()
    assert [file.path for file in first.skipped] == ["empty.png", "gone.png", "torn.png"]
    calls = []
    monkeypatch.setattr(refresh_module, "read_picture", lambda *args: calls.append(args))
    assert index.refresh() == first
    assert calls == []


def test_a_repaired_file_is_embedded_and_a_damaged_one_dropped(index, folder):
    good = (folder / "r.png").read_bytes()
    (folder / "r.png").write_bytes(good[:50])
    result = index.refresh()
    assert (result.pictures, result.dropped) == (2, 1)
    assert "r.png" not in contents(index)
    (folder / "r.png").write_bytes(good)
    result = index.refresh()
    assert (result.pictures, result.skipped) == (3, ())
    assert "r.png" in contents(index)


def test_a_picture_that_the_encoder_refuses_is_skipped_alone(folder):
    draw(folder / "wide.png", "red", size=(40, 1))
    encoder = ColourEncoder(widest=30)
    result = FolderIndex(folder, index_dir(folder), encoder).refresh()
    assert result.pictures == 3
    assert result.skipped == (SkippedFile("wide.png", "wide.png is too wide"),)
    assert len(encoder.calls) == 1


def test_a_model_refuses_a_picture_in_words_that_name_it_once(folder, tiny_encoder):
    draw(folder / "belt.png", "red", size=(900, 2))
    result = FolderIndex(folder, index_dir(folder), tiny_encoder).refresh()
    assert result.pictures == 3
    ((path, reason),) = [(file.path, file.reason) for file in result.skipped]
    assert path == "belt.png"
    assert reason.startswith("900 x 2 is too long and thin")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_a_picture_whose_vector_has_no_direction_is_never_stored(folder, value):
    class Broken(ColourEncoder):
        def encode(self, inputs, **options):
            found = super().encode(inputs, **options)
            is_red = found.vectors[:, 1] > found.vectors[:, 2:4].max(axis=1)
            found.vectors[is_red] = value
            return found

    index = FolderIndex(folder, index_dir(folder), Broken())
    for _ in range(2):
        result = index.refresh()
        assert (result.pictures, result.skipped) == (
            2,
            (SkippedFile("r.png", "its vector is zero or not finite; embed it in float32"),),
        )
        assert contents(index).keys() == {"g.png", "deep/b.png"}


def test_an_encoder_that_does_not_do_what_it_says_is_refused(folder):
    class Other(ColourEncoder):
        def encode(self, inputs, **options):
            found = super().encode(inputs, **options)
            provenance = self.provenance((), side="document", think="always")
            return replace(found, provenance=provenance)

    with pytest.raises(ContractError, match="`encode` has to return what the encoder's `provenan"):
        FolderIndex(folder, index_dir(folder), Other()).refresh()


def test_a_batch_ends_by_number_or_by_pixels(folder, monkeypatch):
    for n in range(5):
        draw(folder / f"{n}.png", (n, 50, 50), size=(10, 10))
    monkeypatch.setattr(refresh_module, "BATCH", 3)
    monkeypatch.setattr(refresh_module, "BATCH_PIXELS", 200)
    encoder = ColourEncoder()
    reports = []
    index = FolderIndex(folder, index_dir(folder), encoder)
    index.refresh(progress=lambda done, total, *_: reports.append((done, total)))
    # 0.png and 1.png reach 200 pixels, as do 2 and 3; 4.png, deep/b.png and g.png are three.
    assert reports == [(0, 8), (2, 8), (4, 8), (7, 8), (8, 8)]
    assert len(encoder.calls) == 4


def test_a_batch_committed_before_a_failure_is_not_embedded_again(folder, monkeypatch):
    monkeypatch.setattr(refresh_module, "BATCH", 1)
    monkeypatch.setattr(ColourEncoder, "_check", _fail_at("r.png"))
    broken = FolderIndex(folder, index_dir(folder), ColourEncoder())
    with pytest.raises(RuntimeError, match="the power went out"):
        broken.refresh()
    monkeypatch.undo()
    encoder = ColourEncoder()
    assert FolderIndex(folder, index_dir(folder), encoder).refresh().pictures == 3
    assert encoder.encoded == ["r.png"]


def _fail_at(name):
    def check(encoder, message, index):
        del encoder, index
        if message.content[0].source == name:
            raise RuntimeError("the power went out")

    return check
