import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import PIL.Image
import pytest

from forethought.files import file_lock
from forethought.index import FolderIndex, index_dir
from tests.fakes import ColourEncoder

ROOT = Path(__file__).parents[2]


def draw(path, colour, size=(6, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", size, colour).save(path)


def index_of(folder):
    return FolderIndex(folder, index_dir(folder), ColourEncoder())


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
    query = ColourEncoder().encode(["red"], think="never")
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


def test_the_folder_is_listed_when_the_lock_is_had(tmp_path):
    folder = tmp_path / "pictures"
    for name, colour in [("r.png", "red"), ("g.png", "lime"), ("b.bmp", "blue")]:
        draw(folder / name, colour)
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
    assert {document for document, _ in scores(index)} == {"new.png", "b.bmp", "g.png"}
