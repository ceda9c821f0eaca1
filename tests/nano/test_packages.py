import hashlib
import io
import sys
import tarfile
import zipfile

import pytest

from forethought.errors import DataError
from forethought.nano.packages import Package, default_cache, unpack


def _tar(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """An npm that knows one archive; gives back a function that fills it with files."""
    archive = tmp_path / "served.tgz"
    client = tmp_path / "bin" / "npm"
    client.parent.mkdir()
    client.write_text(f'#!/bin/sh\n[ "$2" = "@toys/ball@1.2.0" ] || exit 3\ncp {archive} "$4"\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:/usr/bin:/bin")
    return lambda files: _tar(archive, files)


def _ball(sha256, name="@toys/ball"):
    return Package("npm", name, "1.2.0", sha256, "MIT")


def _left(cache):
    return [path for path in cache.rglob("*") if path.is_file()]


def test_unpacks_an_archive_without_its_outer_folder(registry, tmp_path):
    ball = _ball(registry({"package/data/red.txt": b"red", "package/README.md": b"a ball"}))
    folder = unpack(ball, tmp_path / "cache")
    assert (folder / "data" / "red.txt").read_text() == "red"
    assert folder.is_relative_to(tmp_path / "cache" / "packages")


def test_asks_the_registry_once(registry, tmp_path, monkeypatch):
    ball = _ball(registry({"package/red.txt": b"red"}))
    folder = unpack(ball, tmp_path / "cache")
    monkeypatch.setenv("PATH", "")
    assert unpack(ball, tmp_path / "cache") == folder


def test_refuses_another_archive_than_the_pinned_one(registry, tmp_path):
    found = registry({"package/red.txt": b"red"})
    pinned = "0" * 63 + "1"
    with pytest.raises(DataError, match=f"sha256 is {found}, pinned is {pinned}"):
        unpack(_ball(pinned), tmp_path / "cache")
    assert not _left(tmp_path / "cache")


def test_refuses_a_hash_that_cannot_be_one():
    with pytest.raises(DataError, match=r"@toys/ball@1\.2\.0: 'c1bb' is no sha256"):
        _ball("c1bb")


def test_refuses_an_archive_that_writes_outside_its_folder(registry, tmp_path):
    ball = _ball(registry({"../../stray.txt": b"here I am"}))
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(ball, tmp_path / "cache")
    assert not _left(tmp_path / "cache")


def test_says_what_to_install_when_npm_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match=r"no npm on the path; install Node\.js"):
        unpack(_ball("0" * 64), tmp_path / "cache")


def test_says_how_the_client_failed(registry, tmp_path):
    other = _ball(registry({"package/red.txt": b"red"}), name="cube")
    with pytest.raises(DataError, match=r"cube@1\.2\.0 could not be downloaded .*exit status 3"):
        unpack(other, tmp_path / "cache")


def test_takes_a_wheel_from_the_python_index(tmp_path, monkeypatch):
    pytest.importorskip("pip")
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    wheel = shelf / "ball-1.2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as zipped:
        zipped.writestr("ball/red.txt", "red")
        zipped.writestr("ball-1.2.0.dist-info/METADATA", "Name: ball\nVersion: 1.2.0\n")
        zipped.writestr("ball-1.2.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        zipped.writestr("ball-1.2.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    folder = unpack(Package("pypi", "ball", "1.2.0", sha256, "MIT"), tmp_path / "cache")
    assert (folder / "ball" / "red.txt").read_text() == "red"


def test_keeps_packages_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("FORETHOUGHT_CACHE")
    assert default_cache().parts[-2:] == (".cache", "forethought")


pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the pretended npm is a shell script"
)
