import os
import shutil
from pathlib import Path

import PIL.Image
import pytest

from forethought.encoders import EncodeOptions
from forethought.errors import ConfigError, ContractError, DataError
from forethought.index import FolderIndex, check_folder, index_dir, list_pictures
from forethought.types import Think
from tests import published
from tests.fakes import ColourEncoder

ROOT = Path(__file__).parents[2]


def draw(path, colour, size=(6, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", size, colour).save(path)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "my pictures"
    for name, colour in [("r.png", "red"), ("sub/g.png", "lime"), ("sub/b.bmp", "blue")]:
        draw(folder / name, colour)
    return folder


def index_of(folder, encoder=None, **options):
    return FolderIndex(folder, index_dir(folder), encoder or ColourEncoder(), **options)


def search(index, text, k=2):
    query = index.encoder.encode([text], think="never")
    return [hit.document for hit in index.search(query, k=k)]


def test_finds_the_nearest_pictures(folder):
    index = index_of(folder)
    index.refresh()
    assert search(index, "something green")[0] == "sub/g.png"
    assert search(index, "blue", k=1) == ["sub/b.bmp"]


def test_pictures_are_embedded_as_documents_with_the_settings_of_the_contract(folder):
    encoder = ColourEncoder()
    index_of(folder, encoder, think=Think.ALWAYS, instruction="what colour?").refresh()
    assert encoder.calls == [("document", "always", "what colour?")]


def test_the_index_is_a_hidden_directory_in_the_folder(folder):
    index_of(folder).refresh()
    assert index_dir(folder) == folder / ".forethought"
    assert index_dir(folder).is_dir()
    assert index_of(folder).refresh().pictures == 3


def test_a_parent_directory_holds_the_indexes_of_several_folders(folder, tmp_path):
    other = tmp_path / "other" / folder.name
    draw(other / "w.png", "white")
    for pictures, count in ((folder, 3), (other, 1)):
        index = FolderIndex(pictures, index_dir(pictures, tmp_path / "indexes"), ColourEncoder())
        assert index.refresh().embedded == count
        assert index.refresh().embedded == 0
    assert not (folder / ".forethought").exists()


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        pytest.param({"name": "other"}, {}, id="name"),
        pytest.param({"revision": "ba9876543210"}, {}, id="revision"),
        pytest.param({"settings": ("dtype=bfloat16",)}, {}, id="settings"),
        pytest.param({}, {"instruction": "what colour?"}, id="instruction"),
        pytest.param({}, {"think": "always"}, id="think"),
    ],
)
def test_whatever_makes_other_vectors_has_a_separate_table(folder, encoder, options):
    index_of(folder).refresh()
    other = index_of(folder, ColourEncoder(**encoder), **options)
    assert other.refresh().embedded == 3
    assert other.refresh().embedded == 0
    assert index_of(folder).refresh().embedded == 0


def test_paths_may_be_text(folder, tmp_path):
    given = str(folder)
    assert index_dir(given) == index_dir(folder)
    assert index_dir(given, str(tmp_path)) == index_dir(folder, tmp_path)
    index = FolderIndex(given, str(tmp_path / "index"), ColourEncoder())
    assert index.refresh().pictures == 3
    assert list_pictures(given) == list_pictures(folder)
    check_folder(given)


def test_no_instruction_is_told_apart_from_the_default(folder):
    for instruction in ("", None):
        encoder = ColourEncoder()
        index_of(folder, encoder, think="never", instruction=instruction).refresh()
        assert encoder.calls in ([("document", "never", instruction)], [])


def test_an_unknown_think_is_refused_with_the_known_ones(folder):
    with pytest.raises(ConfigError, match="unknown think 'often'; known: never, always, auto"):
        index_of(folder, think="often")


def test_a_search_before_the_first_refresh_is_refused_and_makes_nothing(folder):
    index = index_of(folder)
    with pytest.raises(DataError, match=r"has no pictures for colour@.*; call refresh\(\) first"):
        search(index, "red")
    assert not index.index_dir.exists()
    index.refresh()
    with pytest.raises(DataError, match=r"call refresh\(\) first"):
        search(index_of(folder, think="always"), "red")
    with pytest.raises(ConfigError, match="k must be a whole number of at least 1, got 0"):
        search(index, "red", k=0)


def test_several_rows_another_encoder_and_documents_are_refused(folder):
    index = index_of(folder)
    index.refresh()
    queries = index.encoder.encode(["red", "blue"], think="never")
    assert [hit.document for hit in index.search(queries[1], k=1)] == ["sub/b.bmp"]
    others = ColourEncoder(settings=("dtype=float16",)).encode(["red"], think="never")
    for wrong, message in [
        (queries, "got 2 rows: search with one at a time"),
        (others, r"those of the index at .* \(dtype=float16 against dtype=float32\)"),
        (index.encoder.encode(["red"], side="document", think="never"), "side='query'"),
    ]:
        with pytest.raises(ContractError, match=message):
            index.search(wrong, k=1)
        with pytest.raises(ContractError, match=message):
            index.check_query(wrong)


@pytest.mark.parametrize(
    ("documents", "query", "pairs"),
    [
        ("never", "always", "only direct with direct, thought with thought"),
        ("always", "never", "only direct with direct, thought with thought"),
        ("never", "never", ""),
        ("always", "always", ""),
    ],
)
def test_the_modes_that_a_published_system_does_not_align_are_refused(
    folder, tmp_path, documents, query, pairs
):
    encoder = published.loaded(
        published.make("ume_r1", tmp_path / "model"),
        family="ume_r1",
        encode_options=EncodeOptions(min_pixels=3136, max_pixels=3136, budget=3),
    )
    index = index_of(folder, encoder, think=documents)
    question = encoder.encode(["a red picture"], think=query)
    if pairs:
        with pytest.raises(ContractError, match=pairs):
            index.check_query(question)
    else:
        index.check_query(question)
        assert index.refresh().embedded == 3
        assert len(index.search(question, k=9)) == 3


def test_a_moved_folder_keeps_its_index(folder, tmp_path):
    index_of(folder).refresh()
    moved = tmp_path / "moved"
    shutil.move(folder, moved)
    assert index_of(moved).refresh().embedded == 0


def test_an_index_that_cannot_be_written_is_an_error_that_names_the_option(folder):
    (folder / ".forethought").write_text("a file")
    with pytest.raises(DataError, match=r"cannot be written .*name another .* --index DIR"):
        index_of(folder).refresh()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_folder_is_an_error_that_names_the_option(folder):
    folder.chmod(0o555)
    try:
        with pytest.raises(DataError, match=r"Permission denied.*--index DIR"):
            index_of(folder).refresh()
    finally:
        folder.chmod(0o755)


def test_a_folder_without_pictures_is_an_error_and_stays_empty(tmp_path):
    with pytest.raises(DataError, match="no pictures"):
        index_of(tmp_path).refresh()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [9_300_000_000, -9_300_000_000])
def test_a_date_beyond_64_bits_of_nanoseconds_is_indexed(folder, seconds):
    os.utime(folder / "r.png", (seconds, seconds))
    if (folder / "r.png").stat().st_mtime != seconds:
        pytest.skip("this file system does not store such dates")
    assert index_of(folder).refresh().embedded == 3
    assert index_of(folder).refresh().embedded == 0


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a\tb", "has a control character"),
        ("a\nb", "has a control character"),
        (os.fsdecode(b"a\xff"), "is not UTF-8"),
    ],
)
def test_a_name_that_the_index_cannot_have_is_refused(tmp_path, name, fault):
    draw(tmp_path / name / "r.png", "red")
    with pytest.raises(DataError, match=rf"cannot be stored there, as the path {fault}.*--index"):
        index_of(tmp_path / name).refresh()
    assert sorted(each.name for each in (tmp_path / name).iterdir()) == ["r.png"]
    elsewhere = index_dir(tmp_path / name, tmp_path / "indexes")
    assert "_" in elsewhere.name
    assert FolderIndex(tmp_path / name, elsewhere, ColourEncoder()).refresh().embedded == 1


def test_the_batch_size_reaches_the_encoder(folder):
    sizes = []

    class Recorder(ColourEncoder):
        def encode(self, inputs, *, batch_size=64, **options):
            sizes.append(batch_size)
            return super().encode(inputs, **options)

    index_of(folder, Recorder(), batch_size=3).refresh()
    assert sizes == [3]
