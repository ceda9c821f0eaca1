"""Our own format: the direct embed token ends the prompt's words, the thought one the rationale.

    <|im_start|>user
    {instruction}
    {pictures and words}<disc_emb><|im_end|>
    <|im_start|>assistant
    <think>{thinking}</think><answer>{answer}<gen_emb><|im_end|>

The sequence goes on one token past the embed token, so that an engine which exposes the
last decoded state exposes the right one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tokenizers import Tokenizer

from forethought.errors import ContentError, ModelError
from forethought.renderers import tags
from forethought.renderers.tags import Tag
from forethought.types import Ending, Image, Message, Patches, Prompt, Rationale

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


@dataclass(frozen=True, slots=True, eq=False)
class ForethoughtRenderer:
    """Messages to tokens and back, for models of our own.

    `patchify` turns a picture into what the backbone takes; one image token stands for
    `patches_per_token` patches. `context` is the most tokens a prompt may have.

    Raises:
        ModelError: if the tokenizer lacks one of the tags.
    """

    tokenizer: Tokenizer
    patchify: Callable[[Image], Patches]
    patches_per_token: int
    context: int

    def __post_init__(self) -> None:
        missing = [tag.value for tag in Tag if self.tokenizer.token_to_id(tag) is None]
        if missing:
            raise ModelError(
                f"tokenizer lacks {', '.join(missing)}: each tag must be one token; "
                "add it and train its row with `forethought train`"
            )
        # Words that spell a tag stay words: only this class places the tags themselves.
        self.tokenizer.encode_special_tokens = True

    @property
    def opening(self) -> tuple[int, ...]:
        """The tokens that hand the word to the model: every prompt ends in them."""
        return (self.token_id(Tag.START), *self._words("assistant\n"))

    @property
    def forbidden(self) -> tuple[int, ...]:
        """The tags that a rationale may not hold."""
        allowed = {Tag.THINK, Tag.THINK_END, Tag.ANSWER, Tag.THOUGHT, Tag.END}
        return tuple(self.token_id(tag) for tag in Tag if tag not in allowed)

    def token_id(self, tag: Tag) -> int:
        """The id of a tag."""
        return cast("int", self.tokenizer.token_to_id(tag))

    def render(self, message: Message) -> Prompt:
        """Lay a message out as tokens.

        Raises:
            ContentError: if the prompt is longer than `context`.
        """
        pictures: list[Patches] = []
        ids = [self.token_id(Tag.START)]
        # Words that touch are one text to a chat template, and its tokens may span them.
        words = f"user\n{message.instruction}\n"
        for part in message.content:
            if isinstance(part, Image):
                pictures.append(self.patchify(part))
                ids += [*self._words(words), *self._picture(pictures[-1])]
                words = ""
            else:
                words += part.words
        ids += self._words(words)
        read_at = len(ids)
        ids += [self.token_id(Tag.DIRECT), self.token_id(Tag.END), *self._words("\n")]
        ids += self.opening
        if len(ids) > self.context:
            raise ContentError(
                f"message takes {len(ids)} tokens, the model's context holds {self.context}: "
                "shorten the text or show fewer pictures"
            )
        return Prompt(tuple(ids), tuple(pictures), read_at)

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """Spell the completion that teaches a rationale; its last token but one embeds."""
        return (
            self.token_id(Tag.THINK),
            *self._words(rationale.thinking),
            self.token_id(Tag.THINK_END),
            self.token_id(Tag.ANSWER),
            *self._words(rationale.answer),
            self.token_id(Tag.THOUGHT),
            self.token_id(Tag.END),
        )

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """Read the rationale out of a completion; never raises."""
        return tags.read(
            self.tokenizer.decode(list(completion), skip_special_tokens=False), ending=ending
        )

    def _words(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def _picture(self, patches: Patches) -> list[int]:
        tokens = len(patches.values) // self.patches_per_token
        return [
            self.token_id(Tag.VISION_START),
            *[self.token_id(Tag.IMAGE)] * tokens,
            self.token_id(Tag.VISION_END),
        ]
