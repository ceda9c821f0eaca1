"""Inputs to prompts, some at a time: images as patches are large."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from forethought.encoders.encode_input import EncodeInput, as_message
from forethought.encoders.encode_row import EncodeRow
from forethought.errors import ContentError
from forethought.renderers import Renderer
from forethought.types import CachedRationale, ContentKind, Message, Prompt, Side


@dataclass(frozen=True, slots=True, eq=False)
class PreparedBatch:
    """Consecutive inputs of a call: a row for each prompt, an error for each skipped input.

    `instructions` are those of the rows, once each.
    """

    rows: Sequence[EncodeRow]
    errors: Mapping[int, str]
    instructions: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Preparer:
    """Opens and renders the inputs of one `encode` call.

    `instruction` is that of every input, or one for each kind of content. `pending` makes the cache entry of a row, None where no cache is used. With `skip_errors`
    an input that cannot be read becomes an error of its batch.
    """

    renderer: Renderer
    side: Side
    instruction: str | Mapping[ContentKind, str]
    pending: Callable[[Message, Prompt], CachedRationale] | None
    skip_errors: bool

    def prepare(self, inputs: Sequence[EncodeInput], indices: range) -> PreparedBatch:
        """Render some of the inputs.

        Raises:
            ContentError: if one cannot be read, unless `skip_errors`; the message holds its index.
        """
        rows: list[EncodeRow] = []
        errors: dict[int, str] = {}
        instructions: dict[str, None] = {}
        for index in indices:
            try:
                message = as_message(inputs[index], side=self.side, instruction=self.instruction)
                rows.append(self._row(index, message))
                instructions[message.instruction] = None
            except ContentError as error:
                if not self.skip_errors:
                    raise ContentError(f"input {index}: {error}") from None
                errors[index] = str(error)
        return PreparedBatch(rows, errors, tuple(instructions))

    def _row(self, index: int, message: Message) -> EncodeRow:
        prompt = self.renderer.render(message)
        # The key is computed here: a row does not hold the message's pixels.
        return EncodeRow(index, prompt, self.pending(message, prompt) if self.pending else None)
