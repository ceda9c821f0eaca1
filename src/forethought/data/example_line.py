"""The format of one row of training data, here as a line of JSON Lines.

    {"task": "pets",
     "query": {"instruction": "Find the picture.",
               "content": [{"text": "a cat asleep on a shelf"}],
               "rationale": {"thinking": "A cat, lying down, indoors.", "answer": "sleeping cat"}},
     "positives": [{"content": [{"image": "cats/7.jpg"}], "label": "cat 7"}],
     "negatives": [{"content": [{"image": "dogs/2.jpg"}, {"text": "a dog"}]}]}

Only `query` and `positives` are required, and of each of them only `content`. Unknown keys are
errors.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from forethought.config import build
from forethought.data.media_store import MediaStore
from forethought.data.part_line import PartLine
from forethought.errors import ConfigError, DataError
from forethought.types import Document, Ending, Example, Message, Rationale, Side

_LONGEST_LABEL = 120  # characters of content as JSON; of a longer one the label is a digest


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
        """Its label, or else its content as JSON; of a long one, a digest."""
        if self.label:
            return self.label
        content = json.dumps([part.key for part in self.content])
        if len(content) <= _LONGEST_LABEL:
            return content
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """One row of a file.

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
        for side in self._sides:
            _check_unicode(side)
        shared = _labels(self.negatives) and _labels(self.positives) & _labels(self.negatives)
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

    def missing(self, media: MediaStore) -> list[str]:
        """The names of media that are not there."""
        names = [name for part in self.parts for name in part.names]
        return [name for name in names if not media.has(name)]

    def example(self, media: MediaStore) -> Example:
        """Open its media.

        Raises:
            ContentError: if one cannot be opened.
        """
        return Example(
            task=self.task,
            query=open_message(self.query, Side.QUERY, media),
            positives=tuple(_document(line, media) for line in self.positives),
            negatives=tuple(_document(line, media) for line in self.negatives),
            rationale=_rationale(self.query.rationale),
        )


def build_line(table: Mapping[str, object]) -> ExampleLine:
    """Build a line from its table.

    Raises:
        DataError: if it is not an example.
    """
    try:
        return build(table, ExampleLine, where="")
    except ConfigError as error:
        raise DataError(str(error)) from None


def _check_unicode(side: QueryLine | DocumentLine) -> None:
    words = {"instruction": side.instruction}
    if side.rationale:
        words |= {"thinking": side.rationale.thinking, "answer": side.rationale.answer}
    for name, text in words.items():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{name} is no Unicode at {error.start} (half a surrogate pair); write it as UTF-8"
            ) from None


def _labels(documents: Iterable[DocumentLine]) -> set[str]:
    return {document.resolved_label for document in documents}


def open_message(line: QueryLine | DocumentLine, side: Side, media: MediaStore) -> Message:
    """Open the media of one side.

    Raises:
        ContentError: if one cannot be opened.
    """
    content = tuple(piece for part in line.content for piece in part.open(media))
    return Message(content, line.instruction, side)


def _document(line: DocumentLine, media: MediaStore) -> Document:
    message = open_message(line, Side.DOCUMENT, media)
    return Document(message, line.resolved_label, _rationale(line.rationale))


def _rationale(line: RationaleLine | None) -> Rationale | None:
    return None if line is None else Rationale(line.thinking, line.answer, Ending.EMBED)
