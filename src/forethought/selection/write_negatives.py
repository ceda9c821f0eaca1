"""A training file with negatives added to its lines."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from forethought.data import json_text
from forethought.errors import ConfigError, DataError
from forethought.files import atomic, check_target
from forethought.selection.mining_pool import MiningPool, iter_tables, stamp_of
from forethought.selection.negative_filters import RankedDocuments


def check_output(out: Path, examples: Path, documents: Path | None) -> None:
    """Refuse an output that is one of the inputs, or that cannot be written.

    Raises:
        ConfigError: naming it.
    """
    check_target(out)
    for path in filter(None, (examples, documents)):
        if out.resolve() == path.resolve():
            raise ConfigError(
                f"{out}: is read too, and would hold other negatives after each run; name another "
                "file"
            )


def check_media(pool: MiningPool, out: Path, examples: Path) -> None:
    """Refuse an output in another folder than its media are relative to.

    Raises:
        ConfigError: naming both.
    """
    if pool.has_paths and out.absolute().parent.resolve() != examples.absolute().parent.resolve():
        raise ConfigError(
            f"{out}: paths of media are relative to the folder of {examples}; name an output in "
            "that folder"
        )


def write_negatives(
    examples: Path,
    out: Path,
    pool: MiningPool,
    *,
    mined: Mapping[int, RankedDocuments],
    replace: bool,
) -> list[int]:
    """Write every line, with its negatives; returns how many were added to each.

    A line that gets none is written as it was read, but for the negatives that `replace` removes.

    Raises:
        DataError: if a file cannot be written, or was changed since it was read.
    """
    if stamp_of(examples) != pool.stamp:
        raise DataError(f"{examples}: was changed while it was mined; mine it again")
    added: list[int] = []
    try:
        with atomic(out) as temporary, temporary.open("wb") as file:
            for text, negatives in _lines(examples, pool, mined, replace=replace):
                file.write(text)
                if negatives is not None:
                    added.append(negatives)
    except OSError as error:
        raise DataError(
            f"{error.filename or out}: {error.strerror}; name another file for the output"
        ) from None
    return added


def _lines(
    examples: Path, pool: MiningPool, mined: Mapping[int, RankedDocuments], *, replace: bool
) -> Iterator[tuple[bytes, int | None]]:
    """Each line to write, and the negatives added to it; None for a blank one."""
    rows = iter(pool.lines)
    for text, table in iter_tables(examples):
        if table is None:
            yield text, None
            continue
        found = mined[next(rows)]
        old = table.get("negatives", [])
        new = [pool.documents[index].table for index in found.documents.tolist()]
        table["negatives"] = [*([] if replace else old), *new]
        yield text if table["negatives"] == old else f"{json_text(table)}\n".encode(), len(found)
