"""MMEmb-R1 (arXiv 2604.06156): the first token the model would say decides whether it thinks.

    <|im_start|>user
    {pictures}{instruction} {words}
    {how to think}<|im_end|>
    <|im_start|>assistant
    <emb>                                                 at once, or
    <think>{thinking}</think>{answer}<emb>                after a rationale

No code or weights of this system are published. That there are two actions, and that they
share one policy, is from the paper; the wording, the single embed token for both and the
order of the parts are our choices.
"""

import re
from dataclasses import dataclass

from forethought.renderers import tags
from forethought.renderers.layout import Layout, Piece, media_first, pictures, task_text
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import CompletionFormat, Ending, Message, Prompt, Rationale

HOW = (
    "Represent this input for retrieval. If reasoning would help, state the evidence that "
    "matters, infer what a match must contain, and finish with one summary sentence."
)
"""Our wording."""

_COMPLETION = re.compile(
    f"{re.escape(Tag.THINK)}(?P<thinking>.*?){re.escape(Tag.THINK_END)}"
    f"(?P<answer>.*?){re.escape(Tag.EMBED)}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, eq=False)
class MmembR1Renderer:
    """Messages to tokens and back, for MMEmb-R1 on Qwen3-VL.

    Raises:
        ModelError: if the tokenizer lacks one of the two actions.
    """

    layout: Layout

    def __post_init__(self) -> None:
        self.layout.require((*CHAT_TAGS, Tag.THINK, Tag.EMBED), family="mmemb_r1")

    @property
    def actions(self) -> tuple[int, int]:
        """The first tokens that mean thinking and embedding at once."""
        return self.layout.token_id(Tag.THINK), self.layout.token_id(Tag.EMBED)

    @property
    def completion_format(self) -> CompletionFormat:
        """How a rationale is written, once it is decided that there is one."""
        think, embed = self.actions
        return CompletionFormat(
            embed_id=embed,
            start=(think,),
            end_ids=(self.layout.token_id(Tag.END), self.layout.pad_id),
            forbidden=(),
        )

    def render(self, message: Message) -> Prompt:
        """Lay a message out as tokens, pictures first; see `Renderer.render`."""
        seen, words = media_first(self.layout.to_pieces(message.content))
        task = task_text(message, words)
        user: list[Piece] = [Tag.START, "user\n", *seen, f"{task}\n{HOW}", Tag.END, "\n"]
        ids = self.layout.encode([*user, Tag.START, "assistant\n", Tag.EMBED])
        self.layout.check_length(ids)
        return Prompt(tuple(ids), pictures(seen), len(ids) - 1, len(ids) - 1)

    def write(self, rationale: Rationale) -> tuple[int, ...]:
        """Spell the completion that teaches a rationale."""
        thought = [Tag.THINK, rationale.thinking, Tag.THINK_END]
        return tuple(self.layout.encode([*thought, rationale.answer, Tag.EMBED]))

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """Read the rationale out of a completion; never raises."""
        return tags.read(self.layout.decode(completion), _COMPLETION, ending=ending)
