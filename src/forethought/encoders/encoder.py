"""The protocol of every encoder, and what all encoders have in common."""

from collections.abc import Iterable
from typing import Protocol, TypedDict, TypeVar, Unpack, runtime_checkable

from jaxtyping import Float
from numpy import ndarray

from forethought.encoders.encode_input import EncodeInputs
from forethought.errors import ModelError
from forethought.types import ContentKind, Embeddings, Progress, Provenance, Side, Think


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
        inputs: EncodeInputs,
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Progress | bool | None = None,
        on_error: str = "raise",
    ) -> Embeddings:
        """Embed inputs; row i of the result is input i.

        Args:
            inputs: texts, files, pictures, videos, messages, or lists of contents, in order. One
                path, picture, video or message is one input.
            side: side of retrieval that the inputs are on.
            think: whether a rationale is written before the vector is read.
            instruction: what the vectors are for; "" is none. None uses the encoder's default,
                which may depend on the side and on what an input holds.
            batch_size: inputs that are run together; it does not change the vectors.
            progress: called after each batch with the inputs done and the number of inputs; True
                shows a bar on the standard error stream.
            on_error: "raise", or "skip" to go on without an input that has no vector: its row is
                NaN, its mode `SKIPPED`, and `errors` holds the reason.

        Raises:
            ContentError: if an input cannot be embedded; the message holds its index.
            ModelError: if the encoder does not support `think`, or an argument is out of range.
            TypeError: if `inputs` are no inputs in order, or one string.
        """
        ...

    def provenance(
        self,
        kinds: Iterable[ContentKind],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
    ) -> Provenance:
        """The provenance of what `encode` would return for inputs of these kinds.

        Raises:
            ModelError: if the encoder does not support `think` on this side.
        """
        ...


class EncodeArguments(TypedDict, total=False):
    """The arguments of `Encoder.encode` but for the inputs and their side."""

    think: Think | str
    instruction: str | None
    batch_size: int
    progress: Progress | bool | None
    on_error: str


class EncodeSides:
    """The calls that all encoders make of `encode`: one a side, and the cosine of both."""

    __slots__ = ()

    def encode_query(
        self: Encoder, inputs: EncodeInputs, **arguments: Unpack[EncodeArguments]
    ) -> Embeddings:
        """Embed what is searched with; see `Encoder.encode`."""
        return self.encode(inputs, side=Side.QUERY, **arguments)

    def encode_document(
        self: Encoder, inputs: EncodeInputs, **arguments: Unpack[EncodeArguments]
    ) -> Embeddings:
        """Embed what is searched for; see `Encoder.encode`."""
        return self.encode(inputs, side=Side.DOCUMENT, **arguments)

    def similarity(self, queries: Embeddings, documents: Embeddings) -> Float[ndarray, "N M"]:
        """Cosine of every query with every document; see `Embeddings.similarity`."""
        return queries.similarity(documents)


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


def check_arguments(
    *, instruction: object, batch_size: object, progress: object, on_error: object
) -> None:
    """Refuse arguments of `encode` of another type or out of their range.

    Raises:
        ModelError: naming the argument.
    """
    if instruction is not None and not isinstance(instruction, str):
        raise ModelError(
            f"instruction is {instruction!r}: give one string for all inputs, '' for none, or "
            "None for the default; inputs of different instructions are ft.Message(...)"
        )
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        raise ModelError(f"batch_size must be a whole number of at least 1, got {batch_size!r}")
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise ModelError(
            f"progress is {progress!r}: give True for a bar, or a function of the inputs done and "
            "their number"
        )
    if on_error not in ("raise", "skip"):
        raise ModelError(f"unknown on_error {on_error!r}; known: raise, skip")
