import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import PIL.Image
import pytest

from forethought.errors import DataError
from forethought.files import file_lock
from forethought.index import FolderIndex, index_dir
from forethought.types import Think
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
    query = index.encoder.encode([text], think="never").vectors[0]
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


def test_every_encoder_has_a_separate_table(folder):
    index_of(folder).refresh()
    assert index_of(folder, ColourEncoder(revision="ba9876543210")).refresh().embedded == 3
    assert index_of(folder).refresh().embedded == 0


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


INDEX = """
import sys
from pathlib import Path
from forethought.index import FolderIndex, index_dir
from forethought.index import refresh
from tests.fakes import ColourEncoder

refresh.BATCH = 4
folder = Path(sys.argv[1])
index = FolderIndex(folder, index_dir(folder), ColourEncoder(seconds_each=0.01))
print("ready", flush=True)
result = index.refresh(progress=lambda done, *_: print(done, flush=True))
print("embedded", result.embedded)
"""


def start(folder):
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-c", INDEX, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def draw_many(folder):
    for n in range(40):
        draw(folder / f"{n:02}.png", (6 * n, 255 - 6 * n, 90))


def scores(index):
    query = ColourEncoder().encode(["red"], think="never").vectors[0]
    return [(hit.document, round(hit.score, 5)) for hit in index.search(query, k=100)]


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param([0.25], id="once"),
        pytest.param([0.0, 0.02, 0.1, 0.15, 0.3], id="often", marks=pytest.mark.slow),
    ],
)
def test_a_kill_loses_the_running_batch_only(tmp_path, kills):
    folder = tmp_path / "pictures"
    draw_many(folder)
    committed = 0
    for seconds in kills:
        process = start(folder)
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.kill()
        output, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL
        committed += max((int(line) for line in output.split()), default=0)
    index = index_of(folder)
    # A kill between a commit and its progress line hides one committed batch of 4.
    embedded = index.refresh().embedded
    assert 40 - committed - 4 * len(kills) <= embedded <= 40 - committed
    fresh = FolderIndex(folder, index_dir(folder, tmp_path / "fresh"), ColourEncoder())
    fresh.refresh()
    assert scores(index) == scores(fresh)


def test_of_two_processes_one_embeds_and_the_other_waits(tmp_path):
    folder = tmp_path / "pictures"
    draw_many(folder)
    both = [start(folder), start(folder)]
    embedded = [process.communicate()[0].split()[-1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(embedded) == ["0", "40"]
    assert index_of(folder).refresh().pictures == 40


def test_the_folder_is_listed_when_the_lock_is_had(folder):
    index = index_of(folder)
    index.refresh()
    with ThreadPoolExecutor(1) as pool:
        with file_lock(index_dir(folder) / "lock"):
            waiting = pool.submit(index.refresh)
            time.sleep(0.3)
            assert not waiting.done()
            (folder / "r.png").unlink()
            draw(folder / "new.png", "white")
        result = waiting.result()
    assert (result.pictures, result.embedded, result.dropped) == (3, 1, 1)
    assert set(search(index, "red", k=9)) == {"new.png", "sub/b.bmp", "sub/g.png"}


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
