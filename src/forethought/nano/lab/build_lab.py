"""Build the data of lab: one package in, four tables out."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from forethought.files import write_text
from forethought.nano.glyphs import schemas
from forethought.nano.glyphs.countries import read_countries
from forethought.nano.glyphs.revisions import Revisions, check_folder, folder_revisions
from forethought.nano.glyphs.sources import COUNTRIES
from forethought.nano.glyphs.splits import read_splits
from forethought.nano.glyphs.statements import all_statements
from forethought.nano.lab.lab_questions import LabQuestions
from forethought.nano.packages import unpack

TABLES = ("examples", "queries", "candidates", "statements")
EXPECTED = Path(__file__).with_name("revisions.json")
"""Written by `make pins`."""


@dataclass(frozen=True, slots=True)
class LabManifest:
    """The source and the contents of a built data set.

    Args:
        package: name and version of the source of all facts.
        revisions: content hashes of the tables and of the benchmark's splits.
        counts: numbers of rows, by table, task and split.
    """

    package: str
    revisions: Revisions
    counts: dict[str, int]


def build_lab(out: Path, cache: Path | None = None) -> LabManifest:
    """Build the data set from a published package of country facts.

    Args:
        out: the folder for the tables; made if need be.
        cache: the root of the package cache; see `forethought.nano.packages.unpack`.

    Raises:
        DataError: if the package cannot be downloaded, its hash differs, or the split files are
            damaged.
    """
    out.mkdir(parents=True, exist_ok=True)
    countries = read_countries(unpack(COUNTRIES.package, cache))
    lab = LabQuestions(countries, read_splits())
    pairs = [*lab.pairs("train"), *lab.pairs("dev")]
    queries, pool = [*lab.queries()], [*lab.candidates()]
    written = {
        "examples": (map(schemas.example_row, pairs), schemas.EXAMPLES),
        "queries": (map(schemas.query_row, queries), schemas.QUERIES),
        "candidates": (map(schemas.candidate_row, pool), schemas.CANDIDATES),
        "statements": (map(asdict, all_statements(countries)), schemas.STATEMENTS),
    }
    for name, (rows, schema) in written.items():
        schemas.write_table(out / f"{name}.parquet", rows, schema)
    counts = Counter(
        f"{table}/{one.task}/{one.split}"
        for table, found in (("examples", pairs), ("queries", queries), ("candidates", pool))
        for one in found
    )
    manifest = LabManifest(
        str(COUNTRIES.package), folder_revisions(out, TABLES), dict(sorted(counts.items()))
    )
    write_text(out / "manifest.json", json.dumps(asdict(manifest), indent=2) + "\n")
    return manifest


def check_lab(folder: Path, expected: Path = EXPECTED) -> None:
    """Compare the tables of a built folder with the committed hashes.

    Raises:
        DataError: if a table is missing, not readable, or differs.
    """
    check_folder(folder, expected, "build them again with `forethought data lab`")
