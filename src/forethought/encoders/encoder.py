"""The protocol of every encoder."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

from forethought.encoders.encode_input import EncodeInput
from forethought.errors import ModelError
from forethought.types import Embeddings, Progress, Side, Think


@runtime_checkable
class Encoder(Protocol):
    """Maps inputs of every modality to one vector space."""

    @property
    def name(self) -> str:
        """Name of the model, as reports print it."""
        ...

    @property
    def revision(self) -> str:
        """Twelve hexadecimal digits that change with the weights."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    def encode(
        self,
        inputs: Sequence[EncodeInput],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Progress | None = None,
    ) -> Embeddings:
        """Embed inputs; row i of the result is input i.

        Args:
            side: side of retrieval that the inputs are on.
            think: whether a rationale is written before the vector is read.
            instruction: what the vectors are for; None uses the encoder's default.
            batch_size: inputs that are run together; it does not change the vectors.
            progress: called after each batch with the inputs done and the number of inputs.

        Raises:
            ContentError: if an input cannot be embedded; the message holds its index.
            ModelError: if the encoder does not support `think`.
        """
        ...


Choice = TypeVar("Choice", Side, Think)


def as_choice(kind: type[Choice], value: Choice | str) -> Choice:
    """Convert a string to `Side` or `Think`.

    Raises:
        ModelError: if the value is unknown.
    """
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise ModelError(f"unknown {kind.__name__.lower()} {value!r}; known: {known}") from None
