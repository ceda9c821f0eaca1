import os
import shutil

import PIL.Image
import pytest

from forethought.index import FolderIndex, Refreshed, place
from forethought.index import refresh as refreshing
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
    index = FolderIndex(folder, place(folder), encoder)
    index.refresh()
    encoder.shown.clear()
    return index


def contents(index):
    """Every path with its score to red: what a search can see of an index."""
    query = ColourEncoder().encode(["red"], think="never").vectors[0]
    return {hit.document: round(hit.score, 5) for hit in index.search(query, k=100)}


@pytest.fixture
def fresh(folder, tmp_path_factory):
    """What an index holds that is made of the folder as it is now, in one go."""

    def make():
        home = place(folder, tmp_path_factory.mktemp("fresh"))
        index = FolderIndex(folder, home, ColourEncoder())
        index.refresh()
        return contents(index)

    return make


def test_a_second_call_embeds_nothing(index, encoder):
    assert index.refresh() == Refreshed(3, embedded=0, reused=0, dropped=0, unreadable=())
    assert encoder.shown == []


def test_only_new_and_changed_pictures_are_embedded(index, folder, encoder):
    draw(folder / "new.png", "yellow")
    draw(folder / "r.png", "cyan", size=(9, 9))
    assert index.refresh() == Refreshed(4, embedded=2, reused=0, dropped=0, unreadable=())
    assert sorted(encoder.shown) == ["new.png", "r.png"]


def test_vanished_pictures_are_dropped(index, folder):
    (folder / "r.png").unlink()
    shutil.rmtree(folder / "deep")
    assert index.refresh().dropped == 2
    assert contents(index).keys() == {"g.png"}


def test_a_touched_picture_keeps_its_vector(index, folder, encoder):
    os.utime(folder / "r.png", ns=(1, 1))
    assert index.refresh() == Refreshed(3, embedded=0, reused=1, dropped=0, unreadable=())
    assert index.refresh().reused == 0
    assert encoder.shown == []


def test_a_renamed_picture_keeps_its_vector(index, folder, encoder):
    (folder / "r.png").rename(folder / "deep/renamed.png")
    assert index.refresh() == Refreshed(3, embedded=0, reused=1, dropped=1, unreadable=())
    assert contents(index).keys() == {"g.png", "deep/b.png", "deep/renamed.png"}
    assert encoder.shown == []


def test_equal_files_are_embedded_once(folder, encoder):
    shutil.copy(folder / "r.png", folder / "copy.png")
    refreshed = FolderIndex(folder, place(folder), encoder).refresh()
    assert (refreshed.pictures, refreshed.embedded, refreshed.reused) == (4, 3, 1)
    assert len(encoder.shown) == 3


def test_swapped_pictures_keep_the_right_vectors(index, fresh, monkeypatch):
    # A batch of one: the first of the two has been overwritten when the second one asks for it.
    monkeypatch.setattr(refreshing, "BATCH", 1)
    folder = index.folder
    for a, b in (("r.png", "aside"), ("g.png", "r.png"), ("aside", "g.png")):
        (folder / a).rename(folder / b)
        os.utime(folder / b)
    assert index.refresh().pictures == 3
    assert contents(index) == fresh()


def test_every_unreadable_file_is_named_each_time_and_decoded_once(index, folder, monkeypatch):
    (folder / "empty.png").touch()
    (folder / "torn.png").write_bytes((folder / "r.png").read_bytes()[:50])
    (folder / "gone.png").symlink_to("nowhere")
    first = index.refresh()
    assert [file.path for file in first.unreadable] == ["empty.png", "gone.png", "torn.png"]
    opened = []
    monkeypatch.setattr(refreshing, "open_picture", lambda *asked: opened.append(asked))
    assert index.refresh() == first
    assert opened == []


def test_a_mended_file_is_embedded_and_a_damaged_one_dropped(index, folder):
    good = (folder / "r.png").read_bytes()
    (folder / "r.png").write_bytes(good[:50])
    refreshed = index.refresh()
    assert (refreshed.pictures, refreshed.dropped) == (2, 1)
    assert "r.png" not in contents(index)
    (folder / "r.png").write_bytes(good)
    refreshed = index.refresh()
    assert (refreshed.pictures, refreshed.unreadable) == (3, ())
    assert "r.png" in contents(index)


def test_a_picture_the_encoder_refuses_is_named_and_the_others_are_kept(folder):
    draw(folder / "wide.png", "red", size=(40, 1))
    index = FolderIndex(folder, place(folder), ColourEncoder(widest=30))
    refreshed = index.refresh()
    assert refreshed.pictures == 3
    [refused] = refreshed.unreadable
    assert (refused.path, refused.reason) == ("wide.png", "wide.png is too wide")


def test_batches_are_cut_by_number_and_by_pixels(folder, monkeypatch):
    for n in range(5):
        draw(folder / f"{n}.png", (n, 50, 50), size=(10, 10))
    monkeypatch.setattr(refreshing, "BATCH", 3)
    monkeypatch.setattr(refreshing, "BATCH_PIXELS", 200)
    encoder = ColourEncoder()
    told = []
    index = FolderIndex(folder, place(folder), encoder)
    index.refresh(progress=lambda done, total: told.append((done, total)))
    # 0.png and 1.png fill the 200 pixels, so do 2 and 3; 4.png, deep/b.png and g.png are three.
    assert told == [(0, 8), (2, 8), (4, 8), (7, 8), (8, 8)]
    assert len(encoder.asked) == 4


def test_what_was_committed_before_a_failure_is_not_embedded_again(folder, monkeypatch):
    monkeypatch.setattr(refreshing, "BATCH", 1)
    monkeypatch.setattr(ColourEncoder, "_check", _fail_at("r.png"))
    broken = FolderIndex(folder, place(folder), ColourEncoder())
    with pytest.raises(RuntimeError, match="the power went out"):
        broken.refresh()
    monkeypatch.undo()
    encoder = ColourEncoder()
    assert FolderIndex(folder, place(folder), encoder).refresh().pictures == 3
    assert encoder.shown == ["r.png"]


def _fail_at(name):
    def check(encoder, message, index):
        del encoder, index
        if message.content[0].source == name:
            raise RuntimeError("the power went out")

    return check
