"""The tags of all families, and the rationale between them."""

import re
from enum import StrEnum

from forethought.types import Ending, Rationale


class Tag(StrEnum):
    """A special token; the value is its text."""

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
"""The tags of every Qwen-VL chat format."""

_ANY = re.compile("|".join(re.escape(tag) for tag in Tag))


def read(text: str, pattern: re.Pattern[str], *, ending: Ending) -> Rationale:
    """The rationale in the text of a completion; never raises.

    `pattern` has the groups `thinking` and, if the format has one, `answer`, and matches a
    completion up to and with its embed token. Text that it does not match, or with a tag inside
    a group, is split at `</think>` and stripped of tags; it ends as `MALFORMED` unless the
    engine cut it short.
    """
    match = pattern.match(text)
    if match:
        thinking, answer = (match.groupdict().get(name) or "" for name in ("thinking", "answer"))
        if not _ANY.search(thinking) and not _ANY.search(answer):
            return Rationale(thinking, answer, ending)
    thinking, _, answer = text.partition(Tag.THINK_END)
    cut_short = ending in {Ending.LENGTH, Ending.LOOP, Ending.EARLY_EXIT}
    return Rationale(
        _ANY.sub("", thinking), _ANY.sub("", answer), ending if cut_short else Ending.MALFORMED
    )
