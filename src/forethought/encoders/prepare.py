"""Inputs to prompts, some at a time: images as patches are large."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from forethought.encoders.encode_input import EncodeInput, as_message
from forethought.encoders.encode_row import EncodeRow
from forethought.errors import ContentError
from forethought.renderers import Renderer
from forethought.types import CachedRationale, Message, Prompt, Side


@dataclass(frozen=True, slots=True, eq=False)
class PreparedBatch:
    """Consecutive inputs of a call: a row for each prompt, an error for each skipped input."""

    rows: Sequence[EncodeRow]
    errors: Mapping[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Preparer:
    """Opens and renders the inputs of one `encode` call.

    `pending` makes the cache entry of a row, None where no cache is used. With `skip_errors`
    an input that cannot be read becomes an error of its batch.
    """

    renderer: Renderer
    side: Side
    instruction: str
    pending: Callable[[Message, Prompt], CachedRationale] | None
    skip_errors: bool

    def prepare(self, inputs: Sequence[EncodeInput], indices: range) -> PreparedBatch:
        """Render some of the inputs.

        Raises:
            ContentError: if one cannot be read, unless `skip_errors`; the message holds its index.
        """
        rows: list[EncodeRow] = []
        errors: dict[int, str] = {}
        for index in indices:
            try:
                rows.append(self._row(index, inputs[index]))
            except ContentError as error:
                if not self.skip_errors:
                    raise ContentError(f"input {index}: {error}") from None
                errors[index] = str(error)
        return PreparedBatch(rows, errors)

    def _row(self, index: int, item: EncodeInput) -> EncodeRow:
        message = as_message(item, side=self.side, instruction=self.instruction)
        prompt = self.renderer.render(message)
        # The key is computed here: a row does not hold the message's pixels.
        return EncodeRow(index, prompt, self.pending(message, prompt) if self.pending else None)
