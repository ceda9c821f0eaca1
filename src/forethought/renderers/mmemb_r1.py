"""MMEmb-R1 (arXiv 2604.06156): the first token of a completion decides on a rationale.

    <|im_start|>user
    {pictures}{instruction} {words}
    {think instruction}<|im_end|>
    <|im_start|>assistant
    <emb>                                                 without a rationale, or
    <think>{thinking}</think>{answer}<emb>                with one

No code or weights of this system are published. That one policy has
these two actions is from the paper; the wording, the single embed token for both and the
order of the parts are our choices.
"""

import re
from dataclasses import dataclass

from forethought.renderers import tags
from forethought.renderers.layout import Layout, Piece, media_first, patches_of, task_text
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import CompletionFormat, Ending, Message, Prompt, Rationale

THINK_INSTRUCTION = (
    "Represent this input for retrieval. If reasoning would help, state the evidence that "
    "matters, infer what a match must contain, and finish with one summary sentence."
)
"""How to write a rationale, in our wording."""

_COMPLETION = re.compile(
    f"{re.escape(Tag.THINK)}(?P<thinking>.*?){re.escape(Tag.THINK_END)}"
    f"(?P<answer>.*?){re.escape(Tag.EMBED)}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, eq=False)
class MmembR1Renderer:
    """The format of MMEmb-R1 on Qwen3-VL.

    Raises:
        ModelError: if the tokenizer lacks one of the two actions.
    """

    layout: Layout

    def __post_init__(self) -> None:
        self.layout.require((*CHAT_TAGS, Tag.THINK, Tag.EMBED), family="mmemb_r1")

    @property
    def actions(self) -> tuple[int, int]:
        """The first token of a completion with a rationale, and of one without."""
        return self.layout.token_id(Tag.THINK), self.layout.token_id(Tag.EMBED)

    @property
    def completion_format(self) -> CompletionFormat:
        """The format of a completion with a rationale."""
        think, embed = self.actions
        return CompletionFormat(
            embed_id=embed,
            start=(think,),
            end_ids=(self.layout.token_id(Tag.END), self.layout.pad_id),
            forbidden=(),
        )

    def render(self, message: Message) -> Prompt:
        """The prompt of a message, pictures first; see `Renderer.render`."""
        media, text = media_first(self.layout.to_pieces(message.content))
        task = task_text(message, text)
        user: list[Piece] = [
            Tag.START,
            "user\n",
            *media,
            f"{task}\n{THINK_INSTRUCTION}",
            Tag.END,
            "\n",
        ]
        ids = self.layout.encode([*user, Tag.START, "assistant\n", Tag.EMBED])
        self.layout.check_length(ids)
        return Prompt(tuple(ids), patches_of(media), len(ids) - 1, len(ids) - 1)

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """The completion of a rationale; see `Renderer.write`."""
        thought = [Tag.THINK, rationale.thinking, Tag.THINK_END]
        return tuple(self.layout.encode([*thought, rationale.answer, Tag.EMBED]))

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """The rationale in a completion; see `Renderer.read`."""
        return tags.read(self.layout.decode(completion), _COMPLETION, ending=ending)
