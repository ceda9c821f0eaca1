"""From what a model wrote to the two parts of a rationale: without wrappers, markup and tags."""

import re

from forethought.annotation.prompts import SUMMARY
from forethought.renderers import Tag

_FENCE = re.compile(r"^```[\w-]*[ \t]*\n(.*?)\n?```$", re.DOTALL)
_OPENING = re.compile(
    r"^(?:(?:sure|certainly|of course|absolutely|okay|ok)\b[,.!:]*\s*)?"
    r"(?:here(?:'s|\u2019s| is| are)\b[^:.\n]{0,80}:\s*)?",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"^(?:#+\s*)?(?:rationale|reasoning|analysis|thinking|answer)\s*:\s*", re.IGNORECASE
)
_MARKUP = re.compile(r"\*\*|__|^#+\s+|^\s*[-*•]\s+", re.MULTILINE)
_SUMMARY = re.compile(rf"(?:^|\s){SUMMARY}\s*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])")
_QUOTES = (('"', '"'), ("\u201c", "\u201d"))


def strip_wrappers(text: str) -> str:
    """The text without a model's own thinking, fences, opening words, quotes and markup.

    What a thinking model wrote for itself, up to the end of its thinking, is no rationale; of one
    that was cut off in it nothing is left.
    """
    text = text.rpartition(Tag.THINK_END)[2]
    if Tag.THINK in text:
        return ""
    for tag in Tag:
        text = text.replace(tag, "").replace(f"</{tag[1:]}", "")
    previous = None
    while previous != text:
        previous, text = text, _strip_once(text.strip())
    return text


def parts_of(thinking: str, answer: str) -> tuple[str, str]:
    """Thinking and answer on one line each; of text without an answer, both are split from it.

    Applied to its own result it changes nothing.
    """
    if not answer:
        thinking, answer = split_summary(strip_wrappers(thinking))
    thinking, answer = _plain(thinking), _plain(answer)
    # An answer of nothing but wrappers.
    return parts_of(thinking, "") if thinking and not answer else (thinking, answer)


def split_summary(text: str) -> tuple[str, str]:
    """Thinking and answer: what stands before the last "Summary:" and after it.

    Without one the last sentence is the answer; a single sentence is an answer without thinking.
    """
    found = list(_SUMMARY.finditer(text))
    if found:
        thinking, answer = text[: found[-1].start()], text[found[-1].end() :]
        if answer.strip():
            return thinking, answer
        text = thinking
    sentences = [one for one in _SENTENCE_END.split(text.strip()) if one.strip()]
    return " ".join(sentences[:-1]), "".join(sentences[-1:])


def _plain(text: str) -> str:
    """The text on one line, stripped until nothing changes."""
    previous = None
    while previous != text:
        previous, text = text, " ".join(strip_wrappers(text).split())
    return text


def _strip_once(text: str) -> str:
    fenced = _FENCE.match(text)
    if fenced:
        return fenced.group(1)
    for first, last in _QUOTES:
        inner = text[1:-1]
        if text[:1] == first and text[-1:] == last and first not in inner and last not in inner:
            return inner
    return _HEADING.sub("", _OPENING.sub("", _MARKUP.sub("", text)))
