"""Ordinary embedders, to compare with: the vector is the last token's state.

Qwen3-VL-Embedding puts the instruction into the system turn:

    <|im_start|>system
    {instruction}.<|im_end|>
    <|im_start|>user
    {videos}{pictures}{words}<|im_end|>
    <|im_start|>assistant

VLM2Vec-V2 uses no chat at all:

    {pictures} {instruction} {words}
"""

import unicodedata
from dataclasses import dataclass, replace

from forethought.errors import ModelError
from forethought.renderers.layout import Layout, Piece, media_first, pictures, task_text
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import Ending, Message, Patches, Prompt, Rationale

UNSAID = "Represent the user's input."
"""What Qwen3-VL-Embedding is told where nothing is said."""


@dataclass(frozen=True, slots=True, eq=False)
class _Direct:
    """What is the same for every embedder that never writes."""

    layout: Layout

    def __post_init__(self) -> None:
        self.layout.require(CHAT_TAGS, family="direct")

    @property
    def completion_format(self) -> None:
        """There is nothing to write."""

    def write(self, rationale: Rationale) -> tuple[int, ...]:  # noqa: ARG002 - a Renderer's
        """Refuse: there is no place for a rationale."""
        raise ModelError("a direct embedder writes no rationale; ask it with think='never'")

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """Whatever was said, as the answer."""
        return Rationale("", self.layout.decode(completion), ending)

    def _prompt(self, pieces: list[Piece], *, with_vision_tags: bool = True) -> Prompt:
        ids = self.layout.encode(pieces, with_vision_tags=with_vision_tags)
        # Some tokenizers close every text with a token of their own; the vector is read there.
        ids += self.layout.tokenizer.encode("", add_special_tokens=True).ids
        self.layout.check_length(ids)
        return Prompt(tuple(ids), pictures(pieces), len(ids) - 1, len(ids))


@dataclass(frozen=True, slots=True, eq=False)
class Qwen3VLEmbeddingRenderer(_Direct):
    """Messages to tokens, for Qwen3-VL-Embedding."""

    def render(self, message: Message) -> Prompt:
        """Lay a message out as tokens: videos, pictures, words; see `Renderer.render`."""
        shown = self.layout.to_pieces(message.content)
        ordered = sorted(shown, key=_place)
        system: list[Piece] = [
            Tag.START,
            f"system\n{_closed(message.instruction) or UNSAID}",
            Tag.END,
            "\n",
        ]
        user: list[Piece] = [Tag.START, "user\n", *ordered, Tag.END, "\n"]
        return self._prompt([*system, *user, Tag.START, "assistant\n"])


@dataclass(frozen=True, slots=True, eq=False)
class Vlm2VecRenderer(_Direct):
    """Messages to tokens, for VLM2Vec-V2."""

    def render(self, message: Message) -> Prompt:
        """Lay a message out as tokens, pictures first; see `Renderer.render`."""
        seen, words = media_first(self.layout.to_pieces(message.content))
        # The published network finds pictures by marks that its prompts do not have, so it
        # gives them the positions of words. One picture is shown at most; a blank parts more.
        flat = [
            replace(piece, has_grid_positions=False) for piece in seen if isinstance(piece, Patches)
        ]
        spaced: list[Piece] = [part for piece in flat for part in (piece, " ")]
        return self._prompt([*spaced, task_text(message, words)], with_vision_tags=False)


def _place(piece: Piece) -> int:
    if not isinstance(piece, Patches):
        return 2
    return 0 if piece.is_video else 1


def _closed(instruction: str) -> str:
    """End an instruction with a full stop unless it ends with punctuation already."""
    words = instruction.strip()
    if words and not unicodedata.category(words[-1]).startswith("P"):
        return f"{words}."
    return words
