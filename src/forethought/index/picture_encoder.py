"""The part of the `Encoder` protocol that an index uses."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from forethought.types import ContentKind, Embeddings, Image, Provenance, Side, Think


@runtime_checkable
class PictureEncoder(Protocol):
    """Embeds pictures, and says beforehand what their vectors are made by."""

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        ...

    def encode(
        self,
        inputs: Sequence[Image],
        *,
        side: Side,
        think: Think,
        instruction: str | None,
        batch_size: int,
        on_error: str,
    ) -> Embeddings:
        """Embed pictures in order; with `on_error="skip"` a picture without a vector is NaN."""
        ...

    def provenance(
        self,
        kinds: Iterable[ContentKind],
        *,
        side: Side,
        think: Think,
        instruction: str | None,
    ) -> Provenance:
        """The provenance of what `encode` returns for inputs of these kinds."""
        ...
