"""The format of one line of training data.

    {"task": "pets",
     "query": {"instruction": "Find the picture.",
               "content": [{"text": "a cat asleep on a shelf"}],
               "rationale": {"thinking": "A cat, lying down, indoors.", "answer": "sleeping cat"}},
     "positives": [{"content": [{"image": "cats/7.jpg"}], "label": "cat 7"}],
     "negatives": [{"content": [{"image": "dogs/2.jpg"}, {"text": "a dog"}]}]}

Only `query` and `positives` are required, and of each of them only `content`. Unknown keys are
errors.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from forethought.config import build, dump
from forethought.errors import ConfigError, DataError
from forethought.types import (
    Content,
    Document,
    Ending,
    Example,
    Image,
    Message,
    Rationale,
    Side,
    Text,
    Video,
    pages,
)


@dataclass(frozen=True, slots=True)
class PartLine:
    """One piece of content: a text, or the path of an image, a video or a PDF.

    `pages` chooses pages of the PDF, as in "3-7"; by default all of them.

    Raises:
        ValueError: if it is not exactly one of the four.
    """

    text: str | None = None
    image: str | None = None
    video: str | None = None
    pdf: str | None = None
    pages: str | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("text", "image", "video", "pdf") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                f"a part is one of text, image, video and pdf, got {' and '.join(given) or 'none'}"
            )
        if self.pages and not self.pdf:
            raise ValueError(f"pages={self.pages!r} belong to a pdf; name it, or leave them out")

    @property
    def file(self) -> str | None:
        """The path of its file, if it has one."""
        return self.image or self.video or self.pdf

    def open(self, folder: Path) -> tuple[Content, ...]:
        """Open it; paths are relative to `folder`.

        Raises:
            ContentError: if it cannot be opened or decoded.
        """
        if self.image:
            return (Image(folder / self.image),)
        if self.video:
            return (Video(folder / self.video),)
        if self.pdf:
            return pages(folder / self.pdf, self.pages)
        return (Text(self.text or ""),)


@dataclass(frozen=True, slots=True)
class RationaleLine:
    """A true rationale: its reasoning and the short answer that it comes to."""

    thinking: str
    answer: str


@dataclass(frozen=True, slots=True)
class QueryLine:
    """The query: what it holds, and what its vector is for."""

    content: tuple[PartLine, ...]
    instruction: str = ""
    rationale: RationaleLine | None = None


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document.

    Documents with one `label` answer the same queries; without one, those of one content do.
    """

    content: tuple[PartLine, ...]
    instruction: str = ""
    rationale: RationaleLine | None = None
    label: str | None = None

    @property
    def resolved_label(self) -> str:
        """Its label, or else its content as JSON."""
        return self.label or json.dumps([dump(part) for part in self.content])


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """One line of the file.

    Raises:
        ValueError: if there is no positive, a side has no content, or a negative has the label
            of a positive.
    """

    query: QueryLine
    positives: tuple[DocumentLine, ...]
    negatives: tuple[DocumentLine, ...] = ()
    task: str = "default"

    def __post_init__(self) -> None:
        if not self.positives:
            raise ValueError("positives is empty; name at least one document")
        if not all(side.content for side in self._sides):
            raise ValueError("content is empty; a query or document needs at least one part")
        shared = _labels(self.positives) & _labels(self.negatives)
        if shared:
            raise ValueError(
                f"{min(shared)!r} is a positive and a negative; give them labels that differ"
            )

    @property
    def _sides(self) -> tuple[QueryLine | DocumentLine, ...]:
        return (self.query, *self.positives, *self.negatives)

    @property
    def parts(self) -> tuple[PartLine, ...]:
        """All pieces of content, of every side."""
        return tuple(part for side in self._sides for part in side.content)

    def missing_files(self, folder: Path) -> list[str]:
        """The paths it names that do not exist."""
        files = [part.file for part in self.parts if part.file]
        return [file for file in files if not (folder / file).exists()]

    def example(self, folder: Path) -> Example:
        """Open its media; paths are relative to `folder`.

        Raises:
            ContentError: if one cannot be opened.
        """
        return Example(
            task=self.task,
            query=open_message(self.query, Side.QUERY, folder),
            positives=tuple(_document(line, folder) for line in self.positives),
            negatives=tuple(_document(line, folder) for line in self.negatives),
            rationale=_rationale(self.query.rationale),
        )


def parse_line(text: bytes, place: str) -> ExampleLine:
    """Read one line; `place` names it in errors.

    Raises:
        DataError: if it is not JSON, or not an example.
    """
    try:
        table = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise DataError(f"{place}: not JSON ({error}); write one object a line") from None
    if not isinstance(table, dict):
        raise DataError(f'{place}: not an object; write {{"query": ..., "positives": ...}}')
    try:
        return build(table, ExampleLine, where=place)
    except ConfigError as error:
        raise DataError(str(error)) from None


def _labels(documents: tuple[DocumentLine, ...]) -> set[str]:
    return {document.resolved_label for document in documents}


def open_message(line: QueryLine | DocumentLine, side: Side, folder: Path) -> Message:
    """Open the media of one side; paths are relative to `folder`.

    Raises:
        ContentError: if one cannot be opened.
    """
    content = tuple(piece for part in line.content for piece in part.open(folder))
    return Message(content, line.instruction, side)


def _document(line: DocumentLine, folder: Path) -> Document:
    message = open_message(line, Side.DOCUMENT, folder)
    return Document(message, line.resolved_label, _rationale(line.rationale))


def _rationale(line: RationaleLine | None) -> Rationale | None:
    return None if line is None else Rationale(line.thinking, line.answer, Ending.EMBED)
