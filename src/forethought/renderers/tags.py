"""The words of the grammars: every tag any family spells, and thought written between them."""

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
    EMBED = "<emb>"


CHAT_TAGS = (Tag.PAD, Tag.START, Tag.END, Tag.VISION_START, Tag.VISION_END, Tag.IMAGE, Tag.VIDEO)
"""What every Qwen-VL chat needs."""

_ANY = re.compile("|".join(re.escape(tag) for tag in Tag))


def read(text: str, completion_format: re.Pattern[str], *, ending: Ending) -> Rationale:
    """Read a rationale back out of what a model wrote.

    `completion_format` names the groups `thinking` and `answer` and matches a whole completion, up to
    and with its embed token. Never raises: text that does not parse is a model's mistake,
    not the caller's, and comes back with whatever could be found. It ends as `MALFORMED`
    unless an engine cut it short.
    """
    found = completion_format.match(text)
    if found:
        thinking, answer = (found.groupdict().get(name) or "" for name in ("thinking", "answer"))
        if not _ANY.search(thinking) and not _ANY.search(answer):
            return Rationale(thinking, answer, ending)
    thinking, _, answer = text.partition(Tag.THINK_END)
    cut = {Ending.LENGTH, Ending.LOOP, Ending.EARLY_EXIT}
    short = ending if ending in cut else Ending.MALFORMED
    return Rationale(_ANY.sub("", thinking), _ANY.sub("", answer), short)
