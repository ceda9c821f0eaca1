"""The question whether a candidate satisfies a query, to a chat model that answers Yes or No.

    <|im_start|>user
    Query: {instruction}
    {query}
    Candidate: {instruction}
    {candidate}
    Analysis of the query: {rationale}
    Does the candidate satisfy the query? Answer Yes or No.<|im_end|>
    <|im_start|>assistant

The analysis comes last, as text, so that whatever precedes it, pictures included, is computed once
for all rationales. It may be of the candidate; then the candidate comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from forethought.errors import ModelError
from forethought.renderers.layout import DEFAULT_SYSTEM_TURN, Layout, Piece, patches_of
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.types import Content, Message, Prompt, Side, Text

YES = ("Yes", "yes", "YES")
NO = ("No", "no", "NO")
QUESTION = "Does the candidate satisfy the query? Answer Yes or No."
NAMES = {Side.QUERY: "Query", Side.DOCUMENT: "Candidate"}
ANALYSIS = {Side.QUERY: "Analysis of the query:", Side.DOCUMENT: "Analysis of the candidate:"}
FILLER = " This part is left blank on purpose."
"""What stands in the place of a rationale where the model answers without one."""


def yes_no_content(source: Message, target: Message, analysis: str) -> tuple[Content, ...]:
    """The question as the content of a chat, for a server that renders its own template."""
    last = f"{ANALYSIS[source.side]} {' '.join(analysis.split())}\n{QUESTION}"
    return (*_content(source), *_content(target), Text(last))


def filler_words(text: str) -> str:
    """A neutral text of as many words as another one, at least one."""
    words = max(1, len(text.split()))
    return " ".join(islice(cycle(FILLER.split()), words))


def read_answer(token: str) -> bool | None:
    """Whether a token means yes or no; None if neither."""
    word = token.strip()
    return True if word in YES else False if word in NO else None


@dataclass(frozen=True, slots=True, eq=False)
class YesNoRenderer:
    """Renders the question in parts, each continuing the one before.

    With `system_turn`, the default one of Qwen2-VL and Qwen2.5-VL comes first.

    Raises:
        ModelError: if the tokenizer lacks a tag of the chat format.
    """

    layout: Layout
    system_turn: bool = True

    def __post_init__(self) -> None:
        self.layout.require(CHAT_TAGS, family="a chat model")

    def first(self, message: Message) -> Prompt:
        """The prompt up to its first message.

        Raises:
            ContentError: if it is longer than the context.
        """
        return self._prompt(self._opening(message))

    def second(self, message: Message) -> tuple[int, ...]:
        """The tokens of a message of text, behind those of `first`."""
        return tuple(self.layout.encode(self._pieces(message)))

    def both(self, first: Message, second: Message) -> Prompt:
        """The prompt up to its second message, whose pictures need no pass of their own.

        Raises:
            ContentError: if it is longer than the context.
        """
        return self._prompt(self._opening(first), self._pieces(second))

    def rationale(self, text: str, *, side: Side) -> tuple[int, ...]:
        """The tokens from a rationale of the message on this `side` to the answer."""
        return self._rest(self._words(text), side)

    def filler(self, text: str, *, side: Side) -> tuple[int, ...]:
        """The same with a neutral text of as many tokens in the place of a rationale."""
        words = cycle(self.layout.encode_text(FILLER))
        return self._rest(list(islice(words, len(self._words(text)))), side)

    def answers(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The tokens that mean yes, and those that mean no: every casing, with and without a space.

        Raises:
            ModelError: if none of one answer's spellings is a single token.
        """
        return self._single_tokens(YES), self._single_tokens(NO)

    def _opening(self, message: Message) -> list[Piece]:
        system: Sequence[Piece] = DEFAULT_SYSTEM_TURN if self.system_turn else ()
        return [*system, Tag.START, "user\n", *self._pieces(message)]

    def _pieces(self, message: Message) -> list[Piece]:
        return [f"{_head(message)}\n", *self.layout.to_pieces(message.content), "\n"]

    def _prompt(self, *parts: list[Piece]) -> Prompt:
        # Each part by itself: a token never spans two of them, however a prompt is put together.
        ids = [token for part in parts for token in self.layout.encode(part)]
        self.layout.check_length(ids)
        pictures = patches_of(piece for part in parts for piece in part)
        return Prompt(tuple(ids), pictures, len(ids) - 1, len(ids))

    def _words(self, text: str) -> list[int]:
        return self.layout.encode_text(f" {' '.join(text.split())}")

    def _rest(self, words: list[int], side: Side) -> tuple[int, ...]:
        head = self.layout.encode_text(ANALYSIS[side])
        tail = self.layout.encode([f"\n{QUESTION}", Tag.END, "\n", Tag.START, "assistant\n"])
        return (*head, *words, *tail)

    def _single_tokens(self, words: tuple[str, ...]) -> tuple[int, ...]:
        spellings = [space + word for word in words for space in ("", " ")]
        encoded = [self.layout.encode_text(spelling) for spelling in spellings]
        found = dict.fromkeys(ids[0] for ids in encoded if len(ids) == 1)
        if not found:
            raise ModelError(
                f"the tokenizer has no single token for {words[0]!r} in any casing, so one step "
                "does not give its probability; take another chat model"
            )
        return tuple(found)


def _head(message: Message) -> str:
    return f"{NAMES[message.side]}: {message.instruction}".rstrip()


def _content(message: Message) -> tuple[Content, ...]:
    return (Text(_head(message)), *message.content)
