"""Published packages as sources of files: downloaded once, checked by hash, unpacked."""

import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from forethought.errors import DataError
from forethought.files import file_lock

MARKER = ".sha256"
"""The file in an unpacked folder that holds its archive's hash; written last."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Package:
    """One exact version of a package, pinned by the hash of its archive.

    Args:
        sha256: of the archive as the registry serves it, in hexadecimal.
        licence: an SPDX expression for the files that are used.

    Raises:
        DataError: if `sha256` is not 64 hexadecimal digits.
    """

    name: str
    registry: Literal["npm", "pypi"]
    version: str
    sha256: str
    licence: str

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise DataError(
                f"{self}: {self.sha256!r} is no sha256, which has 64 hexadecimal digits; "
                "compute it with `make pins`"
            )

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


def unpack(package: Package, cache: Path | None = None) -> Path:
    """Return the folder with a package's files, downloading them if the cache lacks them.

    A cached folder is used only if its marker holds the whole pinned hash; any other folder in
    its place is replaced. Processes that need the same package wait for one download.

    Args:
        cache: the root of the cache; `$FORETHOUGHT_CACHE` or `~/.cache/forethought` by default.

    Raises:
        DataError: if a client is missing, the download fails, or the archive's hash differs.
    """
    # The clients run in another folder.
    folder = unpacked_folder(package, cache or default_cache()).absolute()
    if not _is_of(folder, package):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(folder.with_name(f".{folder.name}.lock")):
            if not _is_of(folder, package):
                _fetch(package, folder)
    return folder


def default_cache() -> Path:
    """The root of the cache: `$FORETHOUGHT_CACHE`, or `~/.cache/forethought`."""
    named = os.environ.get("FORETHOUGHT_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "forethought"


def unpacked_folder(package: Package, cache: Path) -> Path:
    """Where a package's files lie in a cache."""
    name = package.name.removeprefix("@").replace("/", "-")
    folder = f"{name}-{package.version}-{package.sha256[:12]}"
    return cache / "packages" / package.registry / folder


def download(package: Package, folder: Path) -> Path:
    """Download a package's archive into a new folder; its hash is not checked.

    Raises:
        DataError: if a client is missing or the download fails.
    """
    folder.mkdir()
    _log.info("downloading %s from %s", package, package.registry)
    command = _npm(package, folder) if package.registry == "npm" else _pip(package, folder)
    _run(package, command, folder)
    archives = sorted(folder.iterdir())
    if len(archives) != 1:
        found = ", ".join(path.name for path in archives) or "nothing"
        raise DataError(f"{package}: expected one archive, the client left {found}; try again")
    return archives[0]


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_of(folder: Path, package: Package) -> bool:
    marker = folder / MARKER
    return marker.is_file() and marker.read_text("utf-8").strip() == package.sha256


def _fetch(package: Package, folder: Path) -> None:
    # Beside the target, so that the final rename stays on one disk.
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=folder.parent) as scratch:
        archive = download(package, Path(scratch) / "archive")
        _check(package, archive)
        contents = _extract(archive, Path(scratch) / "contents")
        (contents / MARKER).write_text(f"{package.sha256}\n", encoding="utf-8")
        if folder.exists():
            folder.rename(Path(scratch) / "replaced")
        contents.rename(folder)


def _npm(package: Package, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(
            f"{package} is an npm package and there is no npm on the path; "
            "install Node.js (it brings npm) and try again"
        )
    return [npm, "pack", str(package), "--pack-destination", str(folder), "--silent"]


def _pip(package: Package, folder: Path) -> list[str]:
    requirement = f"{package.name}=={package.version}"
    client = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    # A wheel is unpacked as it is; a source archive might run its own code first.
    return [*client, "--only-binary", ":all:", "--dest", str(folder), requirement]


def _run(package: Package, command: list[str], folder: Path) -> None:
    # The arguments are pinned names and our own paths; no shell reads them.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        output = (done.stderr or done.stdout).strip()[-500:]
        raise DataError(
            f"{package} could not be downloaded from {package.registry} "
            f"(exit status {done.returncode}); check the network and the client's settings. "
            f"Its output: {output}"
        )


def _check(package: Package, archive: Path) -> None:
    found = sha256_of(archive)
    if found != package.sha256:
        raise DataError(
            f"{package}: the archive's sha256 is {found}, pinned is {package.sha256}; "
            "check the registry, and run `make pins` only after a review of the new archive"
        )


def _extract(archive: Path, folder: Path) -> Path:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(folder)  # noqa: S202 - it keeps to the folder
            return folder
        with tarfile.open(archive) as tarred:
            tarred.extractall(folder, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{archive.name} cannot be unpacked ({error}); download it again"
        ) from error
    return _inner(folder)


def _inner(folder: Path) -> Path:
    """The one folder that a tar archive wraps its files in, whatever its name."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
