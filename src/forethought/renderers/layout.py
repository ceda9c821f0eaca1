"""The parts of a prompt as token ids: the base of every renderer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from tokenizers import Tokenizer

from forethought.errors import ContentError, ModelError
from forethought.renderers.tags import Tag
from forethought.types import Content, Image, Message, Patches, Text, Video

Piece = str | Tag | Patches
"""Text, a tag, or the patches of a picture or video."""

DEFAULT_SYSTEM_TURN: tuple[Piece, ...] = (
    Tag.START,
    "system\nYou are a helpful assistant.",
    Tag.END,
    "\n",
)
"""The system turn that the chat templates of Qwen2-VL and Qwen2.5-VL add where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Encodes text, tags and patches as token ids; text that spells a tag stays text.

    A picture or video takes one placeholder token for each `patches_per_token` patches. `context`
    is the most tokens of a prompt.
    """

    tokenizer: Tokenizer
    image_processor: Callable[[Image | Video], Patches]
    patches_per_token: int
    context: int
    text_tokenizer: Tokenizer = field(init=False)

    def __post_init__(self) -> None:
        # The same tokenizer without added tokens. (`encode_special_tokens` would still encode a
        # tag in a text as one token if the tag is not declared special.)
        text_tokenizer = Tokenizer(self.tokenizer.model)
        if self.tokenizer.normalizer is not None:
            text_tokenizer.normalizer = self.tokenizer.normalizer
        if self.tokenizer.pre_tokenizer is not None:
            text_tokenizer.pre_tokenizer = self.tokenizer.pre_tokenizer
        object.__setattr__(self, "text_tokenizer", text_tokenizer)

    def require(self, tags: Iterable[Tag], *, family: str) -> None:
        """Check that each tag is one token.

        Raises:
            ModelError: with those that are not.
        """
        missing = [tag for tag in tags if self.tokenizer.token_to_id(tag.value) is None]
        if missing:
            count = len(self.encode_text(missing[0].value))
            raise ModelError(
                f"tokenizer lacks {', '.join(missing)}: each tag of {family} must be one token "
                f"({missing[0].value} is {count} tokens); load the checkpoint as the family it was "
                "trained for, or add the token and train its embedding with `forethought train`"
            )

    def token_id(self, tag: Tag) -> int:
        """The id of a tag that is one token."""
        return cast("int", self.tokenizer.token_to_id(tag.value))

    @property
    def pad_id(self) -> int:
        """The id of the padding token."""
        return self.token_id(Tag.PAD)

    def encode_text(self, text: str) -> list[int]:
        """The tokens of text alone, of tags in it too."""
        return list(self.text_tokenizer.encode(text, add_special_tokens=False).ids)

    def encode(self, pieces: Iterable[Piece], *, with_vision_tags: bool = True) -> list[int]:
        """The tokens of pieces in order; adjacent texts are encoded as one, as in a template.

        `with_vision_tags` puts placeholders between the tags that start and end a picture.
        """
        ids: list[int] = []
        text = ""
        for piece in pieces:
            if isinstance(piece, Patches):
                ids += self.encode_text(text)
                ids += self._placeholders(piece, with_vision_tags=with_vision_tags)
                text = ""
            elif isinstance(piece, Tag) and self.tokenizer.token_to_id(piece.value) is not None:
                ids += [*self.encode_text(text), self.token_id(piece)]
                text = ""
            else:
                # A tag that is not in the vocabulary is encoded as text.
                text += piece
        return ids + self.encode_text(text)

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of token ids, with tags."""
        text: str = self.tokenizer.decode(list(token_ids), skip_special_tokens=False)
        return text

    def to_pieces(self, content: Sequence[Content]) -> list[Piece]:
        """Content as pieces: texts as strings, pictures and videos as patches."""
        return [
            part.words if isinstance(part, Text) else self.image_processor(part) for part in content
        ]

    def check_length(self, ids: Sequence[int]) -> None:
        """Check that a prompt fits into the context.

        Raises:
            ContentError: if it has more tokens.
        """
        if len(ids) > self.context:
            raise ContentError(
                f"message takes {len(ids)} tokens, the model's context holds {self.context}: "
                "shorten the text or pass fewer pictures"
            )

    def _placeholders(self, patches: Patches, *, with_vision_tags: bool) -> list[int]:
        placeholder = self.token_id(Tag.VIDEO if patches.is_video else Tag.IMAGE)
        start, end = self.token_id(Tag.VISION_START), self.token_id(Tag.VISION_END)
        ids: list[int] = []
        for index, (frames, rows, columns) in enumerate(patches.runs):
            if patches.seconds:
                ids += self.encode_text(f"<{patches.seconds[index]:.1f} seconds>")
            run = [placeholder] * (frames * rows * columns // self.patches_per_token)
            ids += [start, *run, end] if with_vision_tags else run
        return ids


def patches_of(pieces: Iterable[Piece]) -> tuple[Patches, ...]:
    """The pictures and videos among pieces, in order."""
    return tuple(piece for piece in pieces if isinstance(piece, Patches))


def media_first(pieces: Sequence[Piece]) -> tuple[list[Piece], str]:
    """Pictures and videos in order, then all texts as one, joined by spaces."""
    media: list[Piece] = [*patches_of(pieces)]
    return media, " ".join(piece for piece in pieces if isinstance(piece, str))


def task_text(message: Message, text: str) -> str:
    """Instruction and text, joined by one space as the published systems do."""
    return " ".join(part for part in (message.instruction, text) if part)
