"""RGE (arXiv 2511.16150): the query thinks first, the document is read directly.

    <|im_start|>system
    You are a helpful assistant.<|im_end|>
    <|im_start|>user
    {picture}
    {instruction} {words}
    <|im_end|>
    <|im_start|>assistant
    {thinking}<emb>

One embed token has three parts: it is read for the vector, it ends the text, and right
behind the prompt it gives a document's vector. A rationale is plain prose; nothing else
stops it.
"""

import re
from dataclasses import dataclass

from forethought.renderers import tags
from forethought.renderers.layout import (
    DEFAULT_SYSTEM_TURN,
    Layout,
    Piece,
    media_first,
    pictures,
    task_text,
)
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import CompletionFormat, Ending, Message, Prompt, Rationale

_COMPLETION = re.compile(f"(?P<thinking>.*?){re.escape(Tag.EMBED)}", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class RgeRenderer:
    """Messages to tokens and back, for RGE on Qwen2.5-VL.

    Raises:
        ModelError: if the tokenizer lacks the embed token.
    """

    layout: Layout

    def __post_init__(self) -> None:
        self.layout.require((*CHAT_TAGS, Tag.EMBED), family="rge")

    @property
    def completion_format(self) -> CompletionFormat:
        """How a rationale is written: the embed token is the only one that stops it."""
        return CompletionFormat(self.layout.token_id(Tag.EMBED), start=(), end_ids=(), forbidden=())

    def render(self, message: Message) -> Prompt:
        """Lay a message out as tokens, pictures first; see `Renderer.render`."""
        seen, words = media_first(self.layout.to_pieces(message.content))
        task = task_text(message, words)
        # Every published text ends its line, and a picture stands on a line of its own.
        lines = ("\n" if seen else "") + (task if task.endswith("\n") else f"{task}\n")
        user: list[Piece] = [Tag.START, "user\n", *seen, lines, Tag.END, "\n"]
        ids = self.layout.encode([*DEFAULT_SYSTEM_TURN, *user, Tag.START, "assistant\n", Tag.EMBED])
        self.layout.check_length(ids)
        return Prompt(tuple(ids), pictures(seen), len(ids) - 1, len(ids) - 1)

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """Spell the completion that teaches a rationale; only its thinking is written."""
        return tuple(self.layout.encode([rationale.thinking, Tag.EMBED]))

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """Read the rationale out of a completion; never raises."""
        return tags.read(self.layout.decode(completion), _COMPLETION, ending=ending)
