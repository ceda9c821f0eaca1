"""Our own format: the direct embed token ends the prompt's words, the thought one the rationale.

    <|im_start|>user
    {instruction}
    {pictures and words}<disc_emb><|im_end|>
    <|im_start|>assistant
    <think>{thinking}</think><answer>{answer}<gen_emb><|im_end|>

The sequence goes on one token past the embed token, so that an engine which exposes the
last decoded state exposes the right one.
"""

import re
from dataclasses import dataclass

from forethought.renderers import tags
from forethought.renderers.layout import Layout, pictures
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import CompletionFormat, Ending, Message, Prompt, Rationale

TAGS = (*CHAT_TAGS, Tag.THINK, Tag.THINK_END, Tag.ANSWER, Tag.DIRECT, Tag.THOUGHT)
"""The tags of a tokenizer of our own, in the order of their ids."""

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content is string -%}{{ message.content }}"
    "{%- else -%}{%- for part in message.content -%}"
    "{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>"
    "{%- else -%}{{ part.text }}{%- endif -%}{%- endfor -%}{%- endif -%}"
    "{%- if message.role == 'user' -%}<disc_emb>{%- endif -%}"
    "{{ '<|im_end|>\\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}"
)
"""The same layout for stock tokenizers; a user message is its instruction, a newline, its parts."""

_COMPLETION = re.compile(
    f"{re.escape(Tag.THINK)}(?P<thinking>.*?){re.escape(Tag.THINK_END)}"
    f"{re.escape(Tag.ANSWER)}(?P<answer>.*?){re.escape(Tag.THOUGHT)}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, eq=False)
class ForethoughtRenderer:
    """Messages to tokens and back, for models of our own.

    Raises:
        ModelError: if the tokenizer lacks one of the tags.
    """

    layout: Layout

    def __post_init__(self) -> None:
        self.layout.require(TAGS, family="forethought")

    @property
    def opening(self) -> tuple[int, ...]:
        """The tokens that hand the word to the model: every prompt ends in them."""
        return tuple(self.layout.encode([Tag.START, "assistant\n"]))

    @property
    def completion_format(self) -> CompletionFormat:
        """How a rationale is written."""
        # A picture's placeholder in a rationale would break every later read of it.
        allowed = {Tag.THINK, Tag.THINK_END, Tag.ANSWER, Tag.THOUGHT, Tag.END}
        return CompletionFormat(
            embed_id=self.layout.token_id(Tag.THOUGHT),
            start=(),
            end_ids=(self.layout.token_id(Tag.END),),
            forbidden=tuple(self.layout.token_id(tag) for tag in TAGS if tag not in allowed),
        )

    def render(self, message: Message) -> Prompt:
        """Lay a message out as tokens; see `Renderer.render`."""
        shown = self.layout.to_pieces(message.content)
        ids = self.layout.encode([Tag.START, f"user\n{message.instruction}\n", *shown])
        read_at = len(ids)
        ids += self.layout.encode([Tag.DIRECT, Tag.END, "\n"])
        ids += self.opening
        self.layout.check_length(ids)
        return Prompt(tuple(ids), pictures(shown), read_at, len(ids))

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """Spell the completion that teaches a rationale; its last token but one embeds."""
        thought = [Tag.THINK, rationale.thinking, Tag.THINK_END]
        answer = [Tag.ANSWER, rationale.answer, Tag.THOUGHT, Tag.END]
        return tuple(self.layout.encode([*thought, *answer]))

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """Read the rationale out of a completion; never raises."""
        return tags.read(self.layout.decode(completion), _COMPLETION, ending=ending)
