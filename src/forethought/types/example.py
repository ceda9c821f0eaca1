"""Training data: a query, the documents that answer it, and hard negatives."""

from dataclasses import dataclass

from forethought.types.message import Message
from forethought.types.rationale import Rationale


@dataclass(frozen=True, slots=True)
class Document:
    """A document of an example, with a true rationale where one is known.

    Documents with equal `label`s answer the same queries: in a batch they are never each
    other's negatives.
    """

    message: Message
    label: str
    rationale: Rationale | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A query of a task with its positives and hard negatives.

    `rationale` is a true rationale of the query, where one is known; `other_labels` are those of
    further documents that answer it, which are no negatives in a batch.

    Raises:
        ValueError: if there is no positive.
    """

    task: str
    query: Message
    positives: tuple[Document, ...]
    negatives: tuple[Document, ...] = ()
    rationale: Rationale | None = None
    other_labels: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.positives:
            raise ValueError("an example needs at least one positive document; add it")

    @property
    def labels(self) -> frozenset[str]:
        """The labels of the documents that answer the query."""
        return self.other_labels.union(document.label for document in self.positives)
