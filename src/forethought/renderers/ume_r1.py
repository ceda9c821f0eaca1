"""UME-R1 (arXiv 2511.00405): one prompt, a direct vector in it and a thought vector after it.

    <|im_start|>system
    You are a helpful assistant.<|im_end|>
    <|im_start|>user
    {pictures}{instruction} {words}
    <disc_emb>
    {how to think}<|im_end|>
    <|im_start|>assistant
    <think>{thinking}</think><answer>{answer}
    <gen_emb><|im_end|>

The prompt spells the thought embed token too; only a completion is ever searched for it.
The answer is never closed: none of the published training texts closes it.
"""

import re
from dataclasses import dataclass

import numpy as np

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
from forethought.types import CompletionFormat, Ending, Image, Message, Prompt, Rationale

BLANK = Image(np.full((28, 28, 3), 255, np.uint8), source="blank picture")
"""What a side without pictures shows, in the published training data and evaluation."""

_HOW: tuple[Piece, ...] = (
    "Represent the above input text, images, videos, or any combination of the three as "
    "embeddings. First output the thinking process in ",
    Tag.THINK,
    " ",
    Tag.THINK_END,
    " tags and then summarize the entire input in a word or sentence. Finally, use the ",
    Tag.THOUGHT,
    " tag to represent the entire input.",
)
_COMPLETION = re.compile(
    f"{re.escape(Tag.THINK)}(?P<thinking>.*?){re.escape(Tag.THINK_END)}"
    f"{re.escape(Tag.ANSWER)}(?P<answer>.*?)\n?{re.escape(Tag.THOUGHT)}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, eq=False)
class UmeR1Renderer:
    """Messages to tokens and back, for UME-R1 on Qwen2-VL.

    `blank` shows a white picture where a message has none, as published; the model card's
    own example leaves it out.

    Raises:
        ModelError: if the tokenizer lacks one of the embed tokens.
    """

    layout: Layout
    blank: bool = True

    def __post_init__(self) -> None:
        self.layout.require((*CHAT_TAGS, Tag.DIRECT, Tag.THOUGHT), family="ume_r1")

    @property
    def completion_format(self) -> CompletionFormat:
        """How a rationale is written; nothing is forbidden, as nothing is in `generate`."""
        return CompletionFormat(
            embed_id=self.layout.token_id(Tag.THOUGHT),
            start=(),
            end_ids=(self.layout.token_id(Tag.END), self.layout.pad_id),
            forbidden=(),
        )

    def render(self, message: Message) -> Prompt:
        """Lay a message out as tokens, pictures first; see `Renderer.render`."""
        seen, words = media_first(self.layout.to_pieces(message.content))
        if not seen and self.blank:
            seen = [self.layout.image_processor(BLANK)]
        user = [Tag.START, "user\n", *seen, f"{task_text(message, words)}\n"]
        ids = self.layout.encode([*DEFAULT_SYSTEM_TURN, *user])
        read_at = len(ids)
        ids += self.layout.encode([Tag.DIRECT, "\n", *_HOW, Tag.END, "\n"])
        ids += self.layout.encode([Tag.START, "assistant\n"])
        self.layout.check_length(ids)
        return Prompt(tuple(ids), pictures(seen), read_at, len(ids))

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """Spell the completion that teaches a rationale; its last token but two embeds."""
        thought = [Tag.THINK, rationale.thinking, Tag.THINK_END]
        answer = [Tag.ANSWER, f"{rationale.answer}\n", Tag.THOUGHT, Tag.END, "\n"]
        return tuple(self.layout.encode([*thought, *answer]))

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """Read the rationale out of a completion; never raises."""
        return tags.read(self.layout.decode(completion), _COMPLETION, ending=ending)
