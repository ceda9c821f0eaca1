"""The interface of a renderer."""

from typing import Protocol, runtime_checkable

from forethought.renderers.layout import Layout
from forethought.types import CompletionFormat, Ending, Message, Prompt, Rationale


@runtime_checkable
class Renderer(Protocol):
    """Messages to token ids, and completions to rationales, in the format of one family.

    Four properties hold for each, and are tested:

    1. `render(message).prefix_ids` equals the chat template of the checkpoint, token for token,
       where it has one;
    2. a training example is `render(message).prefix_ids`, then `write(rationale)`: it starts with
       the prompt of sampling;
    3. `read(write(rationale))` is the rationale, as far as the format has its parts;
    4. `token_ids[read_at]` of a prompt is the token whose state is the direct vector.
    """

    @property
    def layout(self) -> Layout:
        """The tokenizer and the image processor."""
        ...

    @property
    def completion_format(self) -> CompletionFormat | None:
        """The format of a completion; None for a family without rationales."""
        ...

    def render(self, message: Message) -> Prompt:
        """The prompt of a message.

        Raises:
            ContentError: if the prompt is longer than the context.
        """
        ...

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """The completion of a rationale, as token ids: the target of supervised training.

        Raises:
            ModelError: if the family has no rationales.
        """
        ...

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """The rationale in a completion; never raises, see `Ending.MALFORMED`."""
        ...
