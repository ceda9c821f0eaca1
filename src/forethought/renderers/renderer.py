"""What every renderer promises."""

from typing import Protocol, runtime_checkable

from forethought.renderers.layout import Layout
from forethought.types import CompletionFormat, Ending, Message, Prompt, Rationale


@runtime_checkable
class Renderer(Protocol):
    """Messages to tokens and back, in one family's format.

    Four things hold for each, and are tested: a prompt equals the checkpoint's own chat
    template where it has one; a training text starts with the sampling prompt; reading
    undoes writing; and the token at `read_at` is the one whose state is the direct vector.
    """

    @property
    def layout(self) -> Layout:
        """The tokenizer and the eyes it works with."""
        ...

    @property
    def completion_format(self) -> CompletionFormat | None:
        """How the model writes a rationale; None for a family that never does."""
        ...

    def render(self, message: Message) -> Prompt:
        """Lay a message out as tokens.

        Raises:
            ContentError: if the prompt is longer than the context.
        """
        ...

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """Spell the completion that teaches a rationale."""
        ...

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """Read the rationale out of a completion; never raises."""
        ...
