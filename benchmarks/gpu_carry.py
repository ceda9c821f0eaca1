"""Pack what nano's recipe needs, for a GPU machine that can download nothing.

    python -m benchmarks.gpu_carry --data data/glyphs --out build/gpu

Writes parts that each fit beside the checkout into one copy of limited size: the tables of the
data, the pictures that they name as lossless WebP, and the files of packages that are read, in
the layout of the package cache. `benchmarks/gpu.sh` unpacks them. What a GPU computes in seconds
(features, vectors of texts) is left behind.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.parts import MIB, pack
from forethought.errors import DataError, ForethoughtError
from forethought.nano import reduce_cache

COPY_MIB = 64
"""The most that one copy to the machine may hold, the checkout's tracked files included."""
_SPARE_MIB = 1
_BAD_INPUT = 2
_PICTURES = "pictures.parquet"
_DERIVED = frozenset({_PICTURES, "teacher.parquet"})


def carry(data: Path, out: Path, *, limit: int) -> list[Path]:
    """Write everything as parts of at most `limit` bytes.

    Raises:
        DataError: if the data are not built, or a package cannot be downloaded.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        copy_tables(data, folder / "data" / data.name)
        reduce_cache(folder / "cache")
        for path in sorted(folder.rglob("*.*")):
            if path.is_file():
                print(f"{path.relative_to(folder)}: {path.stat().st_size / MIB:.1f} MiB")
        return pack(folder, out, name="part", limit=limit)


def copy_tables(data: Path, out: Path) -> None:
    """Copy the tables, and of the pictures those that a table names, as lossless WebP.

    Raises:
        DataError: if the data are not built.
    """
    tables = [path for path in sorted(data.glob("*.parquet")) if path.name not in _DERIVED]
    if not tables or not (data / _PICTURES).is_file():
        raise DataError(f"{data}: no built data; build them with `forethought data glyphs`")
    out.mkdir(parents=True)
    for path in tables:
        shutil.copyfile(path, out / path.name)
    table = pq.read_table(data / _PICTURES)
    keys = table.column("picture").to_pylist()
    named = {name for path in tables for name in _named(path)}
    table = table.filter(pa.array([key in named for key in keys]))
    files = pa.array([as_webp(one) for one in table.column("png").to_pylist()], pa.binary())
    table = table.set_column(table.column_names.index("png"), "png", files)
    pq.write_table(table, out / _PICTURES)


def as_webp(file: bytes) -> bytes:
    """The same pixels as a lossless WebP file."""
    written = io.BytesIO()
    with PIL.Image.open(io.BytesIO(file)) as picture:
        picture.save(written, "WEBP", lossless=True, exact=True, method=4)
    return written.getvalue()


def room(root: Path) -> int:
    """The bytes that a part may have beside the tracked files of a checkout.

    Files that were deleted from the working tree are not copied.

    Raises:
        DataError: if too little is left.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - the user's own
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    tracked = [root / name for name in listed.stdout.split("\0") if name]
    used = sum(path.stat().st_size for path in tracked if path.is_file())
    left = (COPY_MIB - _SPARE_MIB) * MIB - used
    if left < MIB:
        raise DataError(
            f"{root}: its tracked files have {used / MIB:.0f} MiB, and a copy holds {COPY_MIB}; "
            "remove models from the working tree for the copy, or give --limit-mib"
        )
    return left


def _named(path: Path) -> set[str]:
    """The pictures that a table names."""
    columns = [name for name in pq.read_schema(path).names if name.endswith("_picture")]
    table = pq.read_table(path, columns=columns)
    return {name for column in table.columns for name in column.to_pylist()}


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line: exit status 2 for bad input, with one line that says what to do."""
    options = _parse(words)
    try:
        root = Path(__file__).resolve().parents[1]
        limit = round(options.limit_mib * MIB) if options.limit_mib else room(root)
        for path in carry(options.data, options.out, limit=limit):
            print(f"{path}: {path.stat().st_size / MIB:.1f} MiB")
    except ForethoughtError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(_BAD_INPUT)


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.gpu_carry", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, default=Path("data/glyphs"))
    parser.add_argument("--out", type=Path, default=Path("build/gpu"))
    parser.add_argument(
        "--limit-mib",
        type=float,
        help=f"of a part; by default what is left of {COPY_MIB} beside the tracked files",
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
