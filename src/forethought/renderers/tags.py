"""The words of the grammar: every tag any family spells, and thought written between them."""

import re
from enum import StrEnum

from forethought.types import Ending, Rationale


class Tag(StrEnum):
    """A token with a meaning of its own; the value is how it is spelled."""

    PAD = "<|endoftext|>"
    START = "<|im_start|>"
    END = "<|im_end|>"
    VISION_START = "<|vision_start|>"
    VISION_END = "<|vision_end|>"
    IMAGE = "<|image_pad|>"
    VIDEO = "<|video_pad|>"
    THINK = "<think>"
    THINK_END = "</think>"
    ANSWER = "<answer>"
    DIRECT = "<disc_emb>"
    THOUGHT = "<gen_emb>"


_GRAMMAR = re.compile(
    f"^{re.escape(Tag.THINK)}(?P<thinking>.*?){re.escape(Tag.THINK_END)}"
    f"{re.escape(Tag.ANSWER)}(?P<answer>.*?){re.escape(Tag.THOUGHT)}",
    re.DOTALL,
)
_ANY = re.compile("|".join(re.escape(tag) for tag in Tag))


def write(rationale: Rationale) -> str:
    """Spell a rationale as the model should write it, up to and with its embed token."""
    return (
        f"{Tag.THINK}{rationale.thinking}{Tag.THINK_END}{Tag.ANSWER}{rationale.answer}{Tag.THOUGHT}"
    )


def read(text: str, *, ending: Ending) -> Rationale:
    """Read a rationale back out of what a model wrote.

    Never raises: text that does not parse is a model's mistake, not the caller's, and comes
    back with whatever could be found. It ends as `MALFORMED` unless it was cut short.
    """
    found = _GRAMMAR.match(text)
    if found and not _ANY.search(found["thinking"] + found["answer"]):
        return Rationale(found["thinking"], found["answer"], ending)
    thinking, _, answer = text.partition(Tag.THINK_END)
    short = ending if ending is Ending.LENGTH else Ending.MALFORMED
    return Rationale(_ANY.sub("", thinking), _ANY.sub("", answer), short)
