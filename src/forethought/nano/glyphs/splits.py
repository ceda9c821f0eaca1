"""The splits of concepts, facts and sums, read from committed files.

The files are authoritative. `propose` made them once, and documents how.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from forethought.errors import DataError
from forethought.nano.glyphs.clocks import FACES, OFFSETS, code_of_face
from forethought.nano.glyphs.concepts import Concept, Split
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.facts import RELATIONS
from forethought.nano.glyphs.hash_rng import share
from forethought.nano.glyphs.questions import COMPOSITIONS, NAME, Composition

FOLDER = Path(__file__).parent / "splits"

_SHARES = {"emoji": (0.20, 0.05), "icon": (0.15, 0.03), "relation": (0.20, 0.04)}
_CLOCK_SHARES = (0.25, 0.03)
_QUESTION_SHARES = (0.20, 0.08)
_HELD_COMPOSITIONS = 0.2
_LOOKUP = str(Composition(NAME, "capital"))
_KNOWN: dict[str, Split] = {"train": "train", "dev": "dev", "test": "test"}


@dataclass(frozen=True, slots=True)
class Splits:
    """The split of every concept, fact and sum: `test` is in no training example.

    Args:
        concepts: family and split, by concept.
        relations: the split, by a country's code and a relation.
        clocks: the split, by a clock face's code and an offset in hours.
        questions: the split, by a country's code and a kind of question in words.
    """

    concepts: dict[str, tuple[str, Split]]
    relations: dict[tuple[str, str], Split]
    clocks: dict[tuple[str, int], Split]
    questions: dict[tuple[str, str], Split]

    def of_country(self, code: str) -> Split:
        """The split of the questions about a country, but for the kinds that none is asked of."""
        # No lookup is a kind that is held out as a whole.
        return self.questions[code, _LOOKUP]


def read_splits(folder: Path = FOLDER) -> Splits:
    """Read the committed splits.

    Raises:
        DataError: if a file is missing or a row of it cannot be read.
    """
    concepts = {row[0]: (row[1], _split(row[2])) for row in _rows(folder / "concepts.tsv")}
    relations = {(row[0], row[1]): _split(row[2]) for row in _rows(folder / "relations.tsv")}
    clocks = {(row[0], int(row[1])): _split(row[2]) for row in _rows(folder / "clocks.tsv")}
    questions = {(row[0], row[1]): _split(row[2]) for row in _rows(folder / "questions.tsv")}
    return Splits(concepts, relations, clocks, questions)


def assign(concepts: Iterable[Concept], splits: Splits) -> list[Concept]:
    """Set family and split of the concepts; those that the split files lack are left out."""
    return [
        dataclasses.replace(
            concept,
            family=splits.concepts[concept.concept][0],
            split=splits.concepts[concept.concept][1],
        )
        for concept in concepts
        if concept.concept in splits.concepts
    ]


def propose(concepts: Iterable[Concept], countries: Iterable[Country]) -> Splits:
    """Draw splits from the names of families, countries and clock faces alone."""
    listed, lands = list(concepts), list(countries)
    held = _held_emoji(listed)
    families = {one.concept: (one.family, _of_family(one, held)) for one in listed}
    relations = {
        (country.code, relation): _drawn(_SHARES["relation"], "relation", country.code, relation)
        for country in lands
        for relation in RELATIONS
    }
    clocks = {
        (code_of_face(face), hours): _drawn(_CLOCK_SHARES, "clock", code_of_face(face), hours)
        for face in FACES
        for hours in OFFSETS
    }
    questions = {
        (country.code, str(composition)): _of_question(country, composition)
        for country in lands
        for composition in COMPOSITIONS
    }
    return Splits(families, relations, clocks, questions)


def write_splits(splits: Splits, folder: Path) -> None:
    """Write the four split files."""
    folder.mkdir(parents=True, exist_ok=True)
    concepts = [(key, *value) for key, value in sorted(splits.concepts.items())]
    relations = [(*key, value) for key, value in sorted(splits.relations.items())]
    clocks = [(key[0], str(key[1]), value) for key, value in sorted(splits.clocks.items())]
    questions = [(*key, value) for key, value in sorted(splits.questions.items())]
    _write(folder / "questions.tsv", [("country", "question", "split"), *questions])
    _write(folder / "concepts.tsv", [("concept", "family", "split"), *concepts])
    _write(folder / "relations.tsv", [("country", "relation", "split"), *relations])
    _write(folder / "clocks.tsv", [("face", "offset", "split"), *clocks])


def _held_emoji(concepts: list[Concept]) -> dict[str, Split]:
    """The split of every emoji family that is not in training, by its stem."""
    drawn = {_stem(one): _of_family(one, {}) for one in concepts if one.kind == "emoji"}
    return {stem: split for stem, split in drawn.items() if split != "train"}


def _of_family(concept: Concept, held: dict[str, Split]) -> Split:
    if concept.kind in {"clock", "flag"}:
        return "train"
    if concept.kind == "icon" and _stem(concept) in held:
        # In training, an icon would give away the name of a held-out emoji.
        return held[_stem(concept)]
    return _drawn(_SHARES[concept.kind], "family", concept.family)


def _of_question(country: Country, composition: Composition) -> Split:
    """No question is asked about a held-out country, and none of a held-out kind about any."""
    if composition.task == "two_steps" and share("question", str(composition)) < _HELD_COMPOSITIONS:
        return "test"
    return _drawn(_QUESTION_SHARES, "question", country.code)


def _stem(concept: Concept) -> str:
    return concept.family.split(":", 1)[1].replace("-", " ")


def _drawn(shares: tuple[float, float], *words: str | int) -> Split:
    test, dev = shares
    drawn = share(*words)
    if drawn < test:
        return "test"
    return "dev" if drawn < test + dev else "train"


def _split(word: str) -> Split:
    if word not in _KNOWN:
        known = ", ".join(_KNOWN)
        raise DataError(f"unknown split {word!r}; known: {known}; restore the split files")
    return _KNOWN[word]


def _rows(path: Path) -> list[list[str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise DataError(f"{path.name} is missing: restore the split files of the package") from None
    rows = [line.split("\t") for line in lines[1:]]
    for number, row in enumerate(rows, start=2):
        if len(row) != 3:
            raise DataError(
                f"{path.name}, line {number}: {len(row)} fields, a split has 3; restore the file"
            )
    return rows


def _write(path: Path, rows: list[tuple[str, ...]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
