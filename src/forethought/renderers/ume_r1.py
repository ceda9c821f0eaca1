"""UME-R1 (arXiv 2511.00405): a direct vector in the prompt, a thought vector after a rationale.

    <|im_start|>system
    You are a helpful assistant.<|im_end|>
    <|im_start|>user
    {pictures}{instruction} {words}
    <disc_emb>
    {think instruction}<|im_end|>
    <|im_start|>assistant
    <think>{thinking}</think><answer>{answer}
    <gen_emb><|im_end|>

The think instruction contains the embed token of the completion too; only completions are searched
for it. The answer has no closing tag, as in the published training texts.
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
    patches_of,
    task_text,
)
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import CompletionFormat, Ending, Image, Message, Prompt, Rationale

BLANK_IMAGE = Image(np.full((28, 28, 3), 255, np.uint8), source="blank picture")
"""The picture of a message without one, in the published training data and evaluation."""
UME_R1_INITIAL = ((Tag.THOUGHT, "<|object_ref_end|>"), (Tag.DIRECT, "<|object_ref_start|>"))
"""The tokens of Qwen2-VL whose input embeddings the published training gives the new ones, in the
order in which it adds them."""

_THINK_INSTRUCTION: tuple[Piece, ...] = (
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

_GAP = re.compile(rf"(?<={re.escape(Tag.THINK_END)})\s+(?={re.escape(Tag.ANSWER)})")


def read_ume_r1_prompt(turn: str) -> str:
    """The task in a user's turn of the published training data: the text before the direct tag.

    Raises:
        ValueError: if the turn has none.
    """
    task, tag, _ = turn.partition(Tag.DIRECT)
    if not tag:
        raise ValueError(f"no {Tag.DIRECT} in the prompt {turn[:60]!r}; a UME-R1 prompt has one")
    return task


def read_ume_r1_completion(turn: str) -> Rationale:
    """The rationale in an assistant's turn of the published training data.

    White space around the turn, and between thinking and answer, is of no meaning.

    Raises:
        ValueError: if the turn does not parse.
    """
    read = tags.read(_GAP.sub("", turn.strip()), _COMPLETION, ending=Ending.EMBED)
    if read.ending is not Ending.EMBED:
        raise ValueError(
            f"no rationale in {turn[:60]!r}; it is {Tag.THINK}...{Tag.THINK_END}{Tag.ANSWER}..., "
            f"then {Tag.THOUGHT}"
        )
    return read


@dataclass(frozen=True, slots=True, eq=False)
class UmeR1Renderer:
    """The format of UME-R1 on Qwen2-VL.

    `blank` adds a white picture to a message without one, as published; the example of the model
    card leaves it out.

    Raises:
        ModelError: if the tokenizer lacks one of the embed tokens.
    """

    layout: Layout
    blank: bool = True

    def __post_init__(self) -> None:
        self.layout.require((*CHAT_TAGS, Tag.DIRECT, Tag.THOUGHT), family="ume_r1")

    @property
    def completion_format(self) -> CompletionFormat:
        """The format of a completion; no token is forbidden, as in the published `generate`."""
        return CompletionFormat(
            embed_id=self.layout.token_id(Tag.THOUGHT),
            start=(),
            end_ids=(self.layout.token_id(Tag.END), self.layout.pad_id),
            forbidden=(),
        )

    def render(self, message: Message) -> Prompt:
        """The prompt of a message, pictures first; see `Renderer.render`."""
        media, text = media_first(self.layout.to_pieces(message.content))
        if not media and self.blank:
            media = [self.layout.image_processor(BLANK_IMAGE)]
        user = [Tag.START, "user\n", *media, f"{task_text(message, text)}\n"]
        ids = self.layout.encode([*DEFAULT_SYSTEM_TURN, *user])
        read_at = len(ids)
        ids += self.layout.encode([Tag.DIRECT, "\n", *_THINK_INSTRUCTION, Tag.END, "\n"])
        ids += self.layout.encode([Tag.START, "assistant\n"])
        self.layout.check_length(ids)
        return Prompt(tuple(ids), patches_of(media), read_at, len(ids))

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """The completion of a rationale, the embed token last but two; see `Renderer.write`."""
        thought = [Tag.THINK, rationale.thinking, Tag.THINK_END]
        answer = [Tag.ANSWER, f"{rationale.answer}\n", Tag.THOUGHT, Tag.END, "\n"]
        return tuple(self.layout.encode([*thought, *answer]))

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """The rationale in a completion; see `Renderer.read`."""
        return tags.read(self.layout.decode(completion), _COMPLETION, ending=ending)
