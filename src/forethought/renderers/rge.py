"""RGE (arXiv 2511.16150): a query has a rationale, a document has none.

    <|im_start|>system
    You are a helpful assistant.<|im_end|>
    <|im_start|>user
    {picture}
    {instruction} {words}
    <|im_end|>
    <|im_start|>assistant
    {thinking}<emb>

The vector of a query is read at the embed token, which alone ends a rationale of plain prose. That
of a document is read at an embed token right after the prompt.
"""

import re
from dataclasses import dataclass

from forethought.renderers import tags
from forethought.renderers.layout import (
    DEFAULT_SYSTEM_TURN,
    Layout,
    Piece,
    media_first,
    patches_of,
    task_text,
)
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import CompletionFormat, Ending, Message, Prompt, Rationale

_COMPLETION = re.compile(f"(?P<thinking>.*?){re.escape(Tag.EMBED)}", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class RgeRenderer:
    """The format of RGE on Qwen2.5-VL.

    Raises:
        ModelError: if the tokenizer lacks the embed token.
    """

    layout: Layout

    def __post_init__(self) -> None:
        self.layout.require((*CHAT_TAGS, Tag.EMBED), family="rge")

    @property
    def completion_format(self) -> CompletionFormat:
        """The format of a completion: only the embed token ends it."""
        return CompletionFormat(self.layout.token_id(Tag.EMBED), start=(), end_ids=(), forbidden=())

    def render(self, message: Message) -> Prompt:
        """The prompt of a message, pictures first; see `Renderer.render`."""
        media, text = media_first(self.layout.to_pieces(message.content))
        task = task_text(message, text)
        # Every published text ends with a newline, and so does a picture before it.
        lines = ("\n" if media else "") + (task if task.endswith("\n") else f"{task}\n")
        user: list[Piece] = [Tag.START, "user\n", *media, lines, Tag.END, "\n"]
        ids = self.layout.encode([*DEFAULT_SYSTEM_TURN, *user, Tag.START, "assistant\n", Tag.EMBED])
        self.layout.check_length(ids)
        return Prompt(tuple(ids), patches_of(media), len(ids) - 1, len(ids) - 1)

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """The completion of a rationale, without its answer; see `Renderer.write`."""
        return tuple(self.layout.encode([rationale.thinking, Tag.EMBED]))

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """The rationale in a completion; see `Renderer.read`."""
        return tags.read(self.layout.decode(completion), _COMPLETION, ending=ending)
