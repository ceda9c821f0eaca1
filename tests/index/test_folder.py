import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import PIL.Image
import pytest

from forethought.errors import DataError
from forethought.index import FolderIndex, place
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


def opened(folder, encoder=None, **options):
    return FolderIndex(folder, place(folder), encoder or ColourEncoder(), **options)


def found(index, words, k=2):
    query = index.encoder.encode([words], think="never").vectors[0]
    return [hit.document for hit in index.search(query, k=k)]


def test_finds_what_was_asked_for(folder):
    index = opened(folder)
    index.refresh()
    assert found(index, "something green")[0] == "sub/g.png"
    assert found(index, "blue", k=1) == ["sub/b.bmp"]


def test_pictures_are_documents_read_the_way_the_contract_says(folder):
    encoder = ColourEncoder()
    opened(folder, encoder, think=Think.ALWAYS, instruction="what colour?").refresh()
    assert encoder.asked == [("document", "always", "what colour?")]


def test_the_index_lies_hidden_beside_the_pictures(folder):
    opened(folder).refresh()
    assert place(folder) == folder / ".forethought"
    assert place(folder).is_dir()
    assert opened(folder).refresh().pictures == 3


def test_an_index_elsewhere_leaves_the_folder_alone_and_may_serve_several(folder, tmp_path):
    other = tmp_path / "other" / folder.name
    draw(other / "w.png", "white")
    for pictures, count in ((folder, 3), (other, 1)):
        home = place(pictures, tmp_path / "kept")
        index = FolderIndex(pictures, home, ColourEncoder())
        assert index.refresh().embedded == count
        assert index.refresh().embedded == 0
    assert not (folder / ".forethought").exists()


def test_another_encoder_gets_its_own_table_and_the_old_one_stays(folder):
    opened(folder).refresh()
    assert opened(folder, ColourEncoder(revision="ba9876543210")).refresh().embedded == 3
    assert opened(folder).refresh().embedded == 0


def test_a_moved_folder_keeps_its_index(folder, tmp_path):
    opened(folder).refresh()
    moved = tmp_path / "moved"
    shutil.move(folder, moved)
    assert opened(moved).refresh().embedded == 0


def test_a_place_that_cannot_be_written_is_refused_with_the_way_out(folder):
    (folder / ".forethought").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot be written to .*name another .* --index DIR"):
        opened(folder).refresh()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write it all")
def test_a_read_only_folder_is_refused_with_the_way_out(folder):
    folder.chmod(0o555)
    try:
        with pytest.raises(DataError, match=r"Permission denied.*--index DIR"):
            opened(folder).refresh()
    finally:
        folder.chmod(0o755)


def test_a_folder_without_pictures_is_refused_and_nothing_is_made(tmp_path):
    with pytest.raises(DataError, match="no pictures"):
        opened(tmp_path).refresh()
    assert list(tmp_path.iterdir()) == []


INDEX = """
import sys
from pathlib import Path
from forethought.index import FolderIndex, place
from forethought.index import refresh
from tests.fakes import ColourEncoder

refresh.BATCH = 4
folder = Path(sys.argv[1])
index = FolderIndex(folder, place(folder), ColourEncoder(seconds_each=0.01))
print("ready", flush=True)
done = index.refresh(progress=lambda done, total: print(done, flush=True))
print("embedded", done.embedded)
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
def test_a_kill_loses_what_was_in_flight_and_the_next_call_goes_on(tmp_path, kills):
    folder = tmp_path / "pictures"
    draw_many(folder)
    committed = 0
    for seconds in kills:
        process = start(folder)
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.kill()
        said, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL
        committed += max((int(line) for line in said.split()), default=0)
    index = opened(folder)
    # A kill can fall between a commit and the line that tells of it: one batch of 4 more.
    embedded = index.refresh().embedded
    assert 40 - committed - 4 * len(kills) <= embedded <= 40 - committed
    anew = FolderIndex(folder, place(folder, tmp_path / "anew"), ColourEncoder())
    anew.refresh()
    assert scores(index) == scores(anew)


def test_two_processes_at_once_do_the_work_once(tmp_path):
    folder = tmp_path / "pictures"
    draw_many(folder)
    both = [start(folder), start(folder)]
    said = [process.communicate()[0].split()[-1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(said) == ["0", "40"]
    assert opened(folder).refresh().pictures == 40
