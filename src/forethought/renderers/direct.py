"""Embedders without rationales, for comparison: the vector is the state of the last token.

Qwen3-VL-Embedding takes the instruction as the system turn:

    <|im_start|>system
    {instruction}.<|im_end|>
    <|im_start|>user
    {videos}{pictures}{words}<|im_end|>
    <|im_start|>assistant

VLM2Vec-V2 has no chat format:

    {pictures} {instruction} {words}
"""

import unicodedata
from dataclasses import dataclass, replace

from forethought.errors import ModelError
from forethought.renderers.layout import Layout, Piece, media_first, patches_of, task_text
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import Ending, Message, Patches, Prompt, Rationale

DEFAULT_INSTRUCTION = "Represent the user's input."
"""The instruction of Qwen3-VL-Embedding where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class _Direct:
    """The common part of both renderers."""

    layout: Layout

    def __post_init__(self) -> None:
        self.layout.require(CHAT_TAGS, family="direct")

    @property
    def completion_format(self) -> None:
        """None: there are no completions."""

    def write(self, rationale: Rationale) -> tuple[int, ...]:  # noqa: ARG002 - a Renderer's
        """Raise `ModelError`: the format has no rationale."""
        raise ModelError("a direct embedder has no rationale; encode with think='never'")

    def read(self, completion: tuple[int, ...], *, ending: Ending) -> Rationale:
        """The text of a completion as an answer."""
        return Rationale("", self.layout.decode(completion), ending)

    def _prompt(self, pieces: list[Piece], *, with_vision_tags: bool = True) -> Prompt:
        ids = self.layout.encode(pieces, with_vision_tags=with_vision_tags)
        # Some tokenizers append a token to every text; the vector is read at the last token.
        ids += self.layout.tokenizer.encode("", add_special_tokens=True).ids
        self.layout.check_length(ids)
        return Prompt(tuple(ids), patches_of(pieces), len(ids) - 1, len(ids))


@dataclass(frozen=True, slots=True, eq=False)
class Qwen3VLEmbeddingRenderer(_Direct):
    """The format of Qwen3-VL-Embedding."""

    def render(self, message: Message) -> Prompt:
        """The prompt of a message: videos, pictures, text; see `Renderer.render`."""
        content = sorted(self.layout.to_pieces(message.content), key=_rank)
        instruction = _with_full_stop(message.instruction) or DEFAULT_INSTRUCTION
        system: list[Piece] = [Tag.START, f"system\n{instruction}", Tag.END, "\n"]
        user: list[Piece] = [Tag.START, "user\n", *content, Tag.END, "\n"]
        return self._prompt([*system, *user, Tag.START, "assistant\n"])


@dataclass(frozen=True, slots=True, eq=False)
class Vlm2VecRenderer(_Direct):
    """The format of VLM2Vec-V2."""

    def render(self, message: Message) -> Prompt:
        """The prompt of a message, pictures first; see `Renderer.render`."""
        media, text = media_first(self.layout.to_pieces(message.content))
        # The published network finds pictures by vision tags, which its prompts lack, so it
        # gives their tokens the positions of text. Published prompts have one picture at most;
        # several are separated by spaces.
        flat = [replace(patches, has_grid_positions=False) for patches in patches_of(media)]
        spaced: list[Piece] = [part for patches in flat for part in (patches, " ")]
        return self._prompt([*spaced, task_text(message, text)], with_vision_tags=False)


def _rank(piece: Piece) -> int:
    """The order of kinds: videos, pictures, text."""
    if not isinstance(piece, Patches):
        return 2
    return 0 if piece.is_video else 1


def _with_full_stop(instruction: str) -> str:
    """End an instruction with a full stop unless it ends with punctuation already."""
    words = instruction.strip()
    if words and not unicodedata.category(words[-1]).startswith("P"):
        return f"{words}."
    return words
