import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile

import pytest

from forethought.errors import DataError
from forethought.nano.packages import MARKER, Package, default_cache, unpack, unpacked_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake npm is a shell script")


def _tar(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A fake npm with one archive; returns a function that writes the archive's files."""
    archive = tmp_path / "archive.tgz"
    client = tmp_path / "bin" / "npm"
    client.parent.mkdir()
    client.write_text(
        f'#!/bin/sh\n[ "$2" = "@toys/ball@1.2.0" ] || exit 3\necho x >> {tmp_path}/calls\n'
        f'sleep 0.2\ncp {archive} "$4"\n'
    )
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:/usr/bin:/bin")
    return lambda files: _tar(archive, files)


@pytest.fixture
def calls(tmp_path):
    """Returns how often the fake npm ran."""
    return lambda: len((tmp_path / "calls").read_text().split())


def _ball(sha256, name="@toys/ball"):
    return Package(name, "npm", "1.2.0", sha256, "MIT")


def _files(cache):
    return [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_unpacks_an_archive_without_its_outer_folder(registry, tmp_path):
    ball = _ball(registry({"package/data/red.txt": b"red", "package/README.md": b"a ball"}))
    folder = unpack(ball, tmp_path / "cache")
    assert (folder / "data" / "red.txt").read_text() == "red"
    assert folder.is_relative_to(tmp_path / "cache" / "packages")


def test_a_relative_cache_is_in_the_working_folder(registry, tmp_path, monkeypatch):
    ball = _ball(registry({"package/red.txt": b"red"}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORETHOUGHT_CACHE", "near")
    assert unpack(ball) == unpacked_folder(ball, tmp_path / "near")
    assert (unpack(ball) / "red.txt").read_text() == "red"


def test_downloads_once(registry, tmp_path, monkeypatch):
    ball = _ball(registry({"package/red.txt": b"red"}))
    folder = unpack(ball, tmp_path / "cache")
    monkeypatch.setenv("PATH", "")
    assert unpack(ball, tmp_path / "cache") == folder


@pytest.mark.parametrize(
    "leftover",
    [
        {},
        {"red.txt": "r"},
        {"red.txt": "blue", MARKER: "0" * 64},
        {"red.txt": "red", MARKER: "{pin:.12}"},
        {"red.txt": "red", MARKER: "{pin:.12}" + "0" * 52},
    ],
    ids=["empty", "truncated", "another archive", "short hash", "same first digits"],
)
def test_a_cached_folder_without_the_whole_hash_is_replaced(registry, tmp_path, leftover):
    ball = _ball(registry({"package/red.txt": b"red"}))
    folder = unpacked_folder(ball, tmp_path)
    folder.mkdir(parents=True)
    (folder / "stray.txt").write_text("from an earlier try")
    for name, text in leftover.items():
        (folder / name).write_text(text.format(pin=ball.sha256))
    unpack(ball, tmp_path)
    assert {path.name: path.read_text().strip() for path in folder.iterdir()} == {
        "red.txt": "red",
        MARKER: ball.sha256,
    }


def test_a_wrong_pin_is_refused_whatever_the_cache_holds(registry, tmp_path):
    found = registry({"package/red.txt": b"red"})
    typed = found[:20] + found[20:24][::-1] + found[24:]
    folder = unpacked_folder(_ball(typed), tmp_path)
    folder.mkdir(parents=True)
    (folder / "red.txt").write_text("red")
    with pytest.raises(DataError, match=f"sha256 is {found}, pinned is {typed}"):
        unpack(_ball(typed), tmp_path)


def test_two_processes_download_once(registry, calls, tmp_path):
    ball = _ball(registry({"package/red.txt": b"red"}))
    program = (
        "import sys; from pathlib import Path; from forethought.nano.packages import *\n"
        f"print(unpack({ball!r}, Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cache")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    folders = {process.communicate()[0].strip() for process in running}
    assert folders == {str(unpacked_folder(ball, tmp_path / "cache"))}
    assert [process.returncode for process in running] == [0, 0]
    assert calls() == 1


def test_refuses_another_archive_than_the_pinned_one(registry, tmp_path):
    found = registry({"package/red.txt": b"red"})
    pin = "0" * 63 + "1"
    with pytest.raises(DataError, match=f"sha256 is {found}, pinned is {pin}"):
        unpack(_ball(pin), tmp_path / "cache")
    assert not _files(tmp_path / "cache")


def test_refuses_a_hash_that_cannot_be_one():
    with pytest.raises(DataError, match=r"@toys/ball@1\.2\.0: 'c1bb' is no sha256"):
        _ball("c1bb")


def test_refuses_an_archive_that_writes_outside_its_folder(registry, tmp_path):
    ball = _ball(registry({"../../stray.txt": b"outside"}))
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(ball, tmp_path / "cache")
    assert not _files(tmp_path / "cache")


def test_names_what_to_install_when_npm_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match=r"no npm on the path; install Node\.js"):
        unpack(_ball("0" * 64), tmp_path / "cache")


def test_reports_how_the_client_failed(registry, tmp_path):
    other = _ball(registry({"package/red.txt": b"red"}), name="cube")
    with pytest.raises(DataError, match=r"cube@1\.2\.0 could not be downloaded .*exit status 3"):
        unpack(other, tmp_path / "cache")


def test_takes_a_wheel_from_the_python_index(tmp_path, monkeypatch):
    pytest.importorskip("pip")
    index = tmp_path / "index"
    index.mkdir()
    wheel = index / "ball-1.2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as zipped:
        zipped.writestr("ball/red.txt", "red")
        zipped.writestr("ball-1.2.0.dist-info/METADATA", "Name: ball\nVersion: 1.2.0\n")
        zipped.writestr("ball-1.2.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        zipped.writestr("ball-1.2.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    folder = unpack(Package("ball", "pypi", "1.2.0", sha256, "MIT"), tmp_path / "cache")
    assert (folder / "ball" / "red.txt").read_text() == "red"


def test_the_cache_is_where_the_environment_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("FORETHOUGHT_CACHE")
    assert default_cache().parts[-2:] == (".cache", "forethought")
