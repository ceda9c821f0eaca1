"""From the pieces of a layout to token ids: what every renderer is built on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from tokenizers import Tokenizer

from forethought.errors import ContentError, ModelError
from forethought.renderers.tags import Tag
from forethought.types import Content, Image, Message, Patches, Text, Video

Piece = str | Tag | Patches
"""Words, a tag, or a picture's place."""

DEFAULT_SYSTEM_TURN: tuple[Piece, ...] = (
    Tag.START,
    "system\nYou are a helpful assistant.",
    Tag.END,
    "\n",
)
"""The system turn that Qwen2-VL's and Qwen2.5-VL's templates write where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Spells pieces as tokens: words stay words, whatever they spell.

    `image_processor` turns a picture or video into what the backbone takes; one of its tokens
    stands for `patches_per_token` patches. `context` is the most tokens a prompt may have.
    """

    tokenizer: Tokenizer
    image_processor: Callable[[Image | Video], Patches]
    patches_per_token: int
    context: int
    plain: Tokenizer = field(init=False)

    def __post_init__(self) -> None:
        # Words that spell a tag stay words: this one knows none. (`encode_special_tokens`
        # would let the added tokens through that are not declared special.)
        plain = Tokenizer(self.tokenizer.model)
        if self.tokenizer.normalizer is not None:
            plain.normalizer = self.tokenizer.normalizer
        if self.tokenizer.pre_tokenizer is not None:
            plain.pre_tokenizer = self.tokenizer.pre_tokenizer
        object.__setattr__(self, "plain", plain)

    def require(self, tags: Iterable[Tag], *, family: str) -> None:
        """Check that each tag is one token.

        Raises:
            ModelError: naming those that are not, and what they fall apart into.
        """
        missing = [tag for tag in tags if self.tokenizer.token_to_id(tag.value) is None]
        if missing:
            pieces = len(self.encode_text(missing[0].value))
            raise ModelError(
                f"tokenizer lacks {', '.join(missing)}: each tag of {family} must be one token "
                f"({missing[0].value} falls into {pieces}); load the checkpoint as the family it "
                "was trained for, or add the token and train its row with `forethought train`"
            )

    def token_id(self, tag: Tag) -> int:
        """The id of a tag that is one token."""
        return cast("int", self.tokenizer.token_to_id(tag.value))

    @property
    def pad_id(self) -> int:
        """What fills the shorter rows of a batch."""
        return self.token_id(Tag.PAD)

    def encode_text(self, text: str) -> list[int]:
        """The tokens of words alone."""
        return list(self.plain.encode(text, add_special_tokens=False).ids)

    def encode(self, pieces: Iterable[Piece], *, with_vision_tags: bool = True) -> list[int]:
        """The tokens of a row of pieces; words that touch are one text, as in a template.

        A picture is `with_vision_tags` by the marks of its start and end.
        """
        ids: list[int] = []
        words = ""
        for piece in pieces:
            if isinstance(piece, Patches):
                ids += self.encode_text(words) + self._picture(
                    piece, with_vision_tags=with_vision_tags
                )
                words = ""
            elif isinstance(piece, Tag) and self.tokenizer.token_to_id(piece.value) is not None:
                ids += [*self.encode_text(words), self.token_id(piece)]
                words = ""
            else:
                # A tag that a vocabulary does not know is spelled out.
                words += piece
        return ids + self.encode_text(words)

    def to_pieces(self, content: Sequence[Content]) -> list[Piece]:
        """Content as pieces: texts as they are, pictures and videos as patches."""
        return [
            part.words if isinstance(part, Text) else self.image_processor(part) for part in content
        ]

    def check_length(self, ids: Sequence[int]) -> None:
        """Refuse a prompt that is longer than the context.

        Raises:
            ContentError: with its length.
        """
        if len(ids) > self.context:
            raise ContentError(
                f"message takes {len(ids)} tokens, the model's context holds {self.context}: "
                "shorten the text or show fewer pictures"
            )

    def decode(self, token_ids: Sequence[int]) -> str:
        """What token ids say, tags and all."""
        said: str = self.tokenizer.decode(list(token_ids), skip_special_tokens=False)
        return said

    def _picture(self, patches: Patches, *, with_vision_tags: bool) -> list[int]:
        kind = Tag.VIDEO if patches.is_video else Tag.IMAGE
        ids: list[int] = []
        for index, (frames, rows, columns) in enumerate(patches.runs):
            if patches.seconds:
                ids += self.encode_text(f"<{patches.seconds[index]:.1f} seconds>")
            count = frames * rows * columns // self.patches_per_token
            places = [self.token_id(kind)] * count
            start, end = self.token_id(Tag.VISION_START), self.token_id(Tag.VISION_END)
            ids += [start, *places, end] if with_vision_tags else places
        return ids


def pictures(pieces: Iterable[Piece]) -> tuple[Patches, ...]:
    """The patches among pieces, in order."""
    return tuple(piece for piece in pieces if isinstance(piece, Patches))


def media_first(pieces: Sequence[Piece]) -> tuple[list[Piece], str]:
    """Pictures and videos in order, then all words as one text."""
    seen = [piece for piece in pieces if isinstance(piece, Patches)]
    return list(seen), " ".join(piece for piece in pieces if isinstance(piece, str))


def task_text(message: Message, words: str) -> str:
    """Instruction and words as the published systems join them: by one space."""
    return " ".join(part for part in (message.instruction, words) if part)
