"""A training example: a query, its document, and a rationale for each."""

from dataclasses import dataclass

from forethought.types.message import Message
from forethought.types.rationale import Rationale


@dataclass(frozen=True, slots=True)
class Example:
    """A query and its positive document, each with a true rationale.

    `query_concept` and `document_concept` name the concept of each side: two examples of one
    batch with the same document concept are not each other's negatives.
    """

    task: str
    query: Message
    document: Message
    query_rationale: Rationale
    document_rationale: Rationale
    query_concept: str
    document_concept: str
