"""What the data of a recipe hold, as a plan shows it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from forethought.data import ExampleSource, RowSource, SkippedRowError
from forethought.training.recipe import SourceSettings
from forethought.types import Example, ignore_progress, kind_of

_SAMPLE = 200
"""Examples whose content is looked at: opening all media would take as long as an epoch."""


@dataclass(frozen=True, slots=True)
class DataFiles:
    """What a path of a source's settings leads to."""

    path: str
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class DataSummary:
    """What a source holds.

    `columns` are those of its first row, where it has rows of files. Of the `sampled` examples:
    how many have a rationale of the query, one of a document, and hard negatives; and how many
    queries and documents have each kind of content.
    """

    use: str
    files: tuple[DataFiles, ...]
    columns: tuple[str, ...]
    tasks: Mapping[str, int]
    skipped: int
    sampled: int
    query_rationales: int
    document_rationales: int
    negatives: int
    query_kinds: Mapping[str, int]
    document_kinds: Mapping[str, int]

    @property
    def examples(self) -> int:
        """How many there are."""
        return sum(self.tasks.values())


def summarise_data(settings: SourceSettings) -> DataSummary:
    """Count examples by task, and read a sample of them, evenly spaced.

    Raises:
        DataError: if the data cannot be read.
    """
    source = settings.source
    tasks = Counter(key.task for key in source.iter_keys())
    examples = list(_sample(source))
    return DataSummary(
        use=settings.use,
        files=tuple(_files(settings)),
        columns=_columns(source),
        tasks=dict(tasks.most_common()),
        skipped=source.skipped if isinstance(source, RowSource) else 0,
        sampled=len(examples),
        query_rationales=sum(one.rationale is not None for one in examples),
        document_rationales=sum(
            any(document.rationale is not None for document in one.positives) for one in examples
        ),
        negatives=sum(bool(one.negatives) for one in examples),
        query_kinds=Counter(kind_of(one.query.content).value for one in examples),
        document_kinds=Counter(kind_of(one.positives[0].message.content).value for one in examples),
    )


def _sample(source: ExampleSource) -> Iterator[Example]:
    size = len(source)
    for index in range(0, size, max(1, size // _SAMPLE)):
        try:
            example = source[index]
        except SkippedRowError:
            continue
        yield example


def _columns(source: ExampleSource) -> tuple[str, ...]:
    if not isinstance(source, RowSource):
        return ()
    first = next(iter(source.rows.scan(ignore_progress)), None)
    return tuple(first.values or ()) if first else ()


def _files(settings: SourceSettings) -> Iterator[DataFiles]:
    """What the settings that are paths of files or folders lead to."""
    source = settings.source
    if isinstance(source, RowSource):
        yield _summed(str(source.path), source.rows.files)
        return
    for value in settings.settings.values():
        path = Path(value) if isinstance(value, str) else None
        if path and path.is_file():
            yield _summed(value, [path])
        elif path and path.is_dir():
            yield _summed(value, [file for file in sorted(path.rglob("*")) if file.is_file()])


def _summed(path: object, files: "list[Path] | tuple[Path, ...]") -> DataFiles:
    return DataFiles(str(path), len(files), sum(file.stat().st_size for file in files))
