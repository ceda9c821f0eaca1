"""Our own format: one embed token ends the user's turn, another one the rationale.

    <|im_start|>user
    {instruction}
    {pictures and words}<disc_emb><|im_end|>
    <|im_start|>assistant
    <think>{thinking}</think><answer>{answer}<gen_emb><|im_end|>

A completion has one token after its embed token, so that an engine which returns the state of
the last decoded input token returns that of the embed token.
"""

import re
from dataclasses import dataclass

from forethought.renderers import tags
from forethought.renderers.layout import Layout, patches_of
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import CompletionFormat, Ending, Message, Prompt, Rationale

TAGS = (*CHAT_TAGS, Tag.THINK, Tag.THINK_END, Tag.ANSWER, Tag.DIRECT, Tag.THOUGHT)
"""The tags of our own tokenizers, in the order of their ids."""

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
"""The same format for transformers. The user's message is instruction, newline and content."""

_COMPLETION = re.compile(
    f"{re.escape(Tag.THINK)}(?P<thinking>.*?){re.escape(Tag.THINK_END)}"
    f"{re.escape(Tag.ANSWER)}(?P<answer>.*?){re.escape(Tag.THOUGHT)}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, eq=False)
class ForethoughtRenderer:
    """Our own format.

    Raises:
        ModelError: if the tokenizer lacks one of the tags.
    """

    layout: Layout

    def __post_init__(self) -> None:
        self.layout.require(TAGS, family="forethought")

    @property
    def opening(self) -> tuple[int, ...]:
        """The generation prompt: the last tokens of every prompt, which start the assistant's turn."""
        return tuple(self.layout.encode([Tag.START, "assistant\n"]))

    @property
    def completion_format(self) -> CompletionFormat:
        """The format of a completion."""
        # An image placeholder in a completion has no patches: encoding it again would fail.
        allowed = {Tag.THINK, Tag.THINK_END, Tag.ANSWER, Tag.THOUGHT, Tag.END}
        return CompletionFormat(
            embed_id=self.layout.token_id(Tag.THOUGHT),
            start=(),
            end_ids=(self.layout.token_id(Tag.END),),
            forbidden=tuple(self.layout.token_id(tag) for tag in TAGS if tag not in allowed),
        )

    def render(self, message: Message) -> Prompt:
        """The prompt of a message; see `Renderer.render`."""
        content = self.layout.to_pieces(message.content)
        ids = self.layout.encode([Tag.START, f"user\n{message.instruction}\n", *content])
        read_at = len(ids)
        ids += self.layout.encode([Tag.DIRECT, Tag.END, "\n"])
        ids += self.opening
        self.layout.check_length(ids)
        return Prompt(tuple(ids), patches_of(content), read_at, len(ids))

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """The completion of a rationale, the embed token last but one; see `Renderer.write`."""
        thought = [Tag.THINK, rationale.thinking, Tag.THINK_END]
        answer = [Tag.ANSWER, rationale.answer, Tag.THOUGHT, Tag.END]
        return tuple(self.layout.encode([*thought, *answer]))

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """The rationale in a completion; see `Renderer.read`."""
        return tags.read(self.layout.decode(completion), _COMPLETION, ending=ending)
