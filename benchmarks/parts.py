"""Send a folder as numbered files that are no larger than a limit, and put it together again.

python -m benchmarks.parts pack runs/nano/model OUT --name model --limit-mib 15
python -m benchmarks.parts unpack OUT nano --name model
"""

import argparse
import io
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

from forethought.errors import DataError, ForethoughtError

MIB = 1 << 20
_BAD_INPUT = 2


def pack(folder: Path, out: Path, *, name: str, limit: int) -> list[Path]:
    """Write the files of a folder as OUT/NAME-01.part and so on, a compressed archive in pieces.

    Parts of that name that are there already are deleted.

    Args:
        limit: the most bytes of a part.

    Raises:
        DataError: if the folder is empty or not there, or the limit is not positive.
    """
    if limit < 1:
        raise DataError(f"a part of at most {limit} bytes holds nothing; give a larger limit")
    if not folder.is_dir() or not any(folder.iterdir()):
        raise DataError(f"{folder}: no such folder, or nothing in it; name one with files")
    out.mkdir(parents=True, exist_ok=True)
    for old in _parts(out, name):
        old.unlink()
    writer = _PartWriter(out, name, limit)
    # A stream, so that no copy of the whole is needed.
    with tarfile.open(fileobj=writer, mode="w|gz") as archive:
        archive.add(folder, arcname=".")
    return _parts(out, name)


def unpack(parts: Path, folder: Path, *, name: str) -> None:
    """Put what `pack` wrote into a folder; other files there stay.

    Raises:
        DataError: if a part is missing or damaged.
    """
    found = _parts(parts, name)
    if not found:
        raise DataError(f"{parts}: no {name}-01.part; copy the parts there first")
    folder.mkdir(parents=True, exist_ok=True)
    content = b"".join(path.read_bytes() for path in found)
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        names = ", ".join(path.name for path in found)
        raise DataError(
            f"{parts}: {names} are no whole archive ({error}); copy every part there again"
        ) from error


class _PartWriter(io.RawIOBase):
    """A stream into files of at most `limit` bytes."""

    def __init__(self, out: Path, name: str, limit: int) -> None:
        self._out, self._name, self._limit = out, name, limit
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        done = 0
        while done < len(content):
            number, used = divmod(self._written, self._limit)
            piece = content[done : done + self._limit - used]
            with (self._out / f"{self._name}-{number + 1:02}.part").open("ab") as file:
                file.write(piece)
            done += len(piece)
            self._written += len(piece)
        return done


def _parts(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"{name}-[0-9][0-9].part"))


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line: exit status 2 for bad input, with one line that says what to do."""
    options = _parse(words)
    try:
        if options.command == "pack":
            limit = round(options.limit_mib * MIB)
            for path in pack(options.folder, options.out, name=options.name, limit=limit):
                print(f"{path}: {path.stat().st_size / MIB:.1f} MiB")
        else:
            unpack(options.parts, options.folder, name=options.name)
    except ForethoughtError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(_BAD_INPUT)


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.parts", description=(__doc__ or "").partition("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack", help="write a folder as parts")
    packing.add_argument("folder", type=Path)
    packing.add_argument("out", type=Path, help="the folder of the parts")
    packing.add_argument("--limit-mib", type=float, default=15, help="of a part (15)")
    unpacking = commands.add_parser("unpack", help="put a folder together from its parts")
    unpacking.add_argument("parts", type=Path, help="the folder of the parts")
    unpacking.add_argument("folder", type=Path)
    for command in (packing, unpacking):
        command.add_argument("--name", default="part", help="what the parts are called (part)")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
