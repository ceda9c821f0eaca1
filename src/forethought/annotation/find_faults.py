"""What makes a rationale useless, as pure functions of its text."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from forethought.annotation.rejection import CleaningRules, Rejection
from forethought.data import DocumentLine, find_leak

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
# Scripts without spaces count a word a character.
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+(?:['\u2019][^\W{_CJK}]+)*")
_REFUSAL = re.compile(
    r"^(?:unfortunately,? |apologies,? (?:but )?|sorry,? (?:but )?)*"
    r"(?:i(?:'m| am|\u2019m) (?:very |so |really )?(?:sorry|afraid)|"
    r"i (?:cannot|can't|can\u2019t|can not|could not|couldn't|am unable|am not able|won't|will not)\b|"
    r"i(?:'m|\u2019m) (?:unable|not able)|sorry\b|it is not possible|"
    r"(?:the|no) (?:image|picture|video|input)s? (?:is|was|were|are)? ?(?:not )?provided)|"
    r"\bas an? (?:ai|large language|language)\b(?: (?:model|assistant))?",
    re.IGNORECASE,
)
_FIRST_CHARACTERS = 160
_TARGET = re.compile(
    r"\bthe (?:\w+ )?target\b|\bground[- ]truth\b|"
    r"\bthe (?:gold|correct|positive) (?:document|candidate|label|answer option)\b",
    re.IGNORECASE,
)
_NGRAM = 5
_MOST_NGRAMS = 3
_MOST_IN_SUCCESSION = 5


def words_of(text: str) -> list[str]:
    """The words, in lower case, without punctuation."""
    return _WORD.findall(text.casefold())


def is_refusal(text: str) -> bool:
    """Whether it begins with an apology or a refusal instead of a rationale."""
    return bool(_REFUSAL.search(text.strip()[:_FIRST_CHARACTERS]))


def is_loop(words: Sequence[str]) -> bool:
    """Whether five words recur three times, or one word five times in succession."""
    ngrams = Counter(tuple(words[i : i + _NGRAM]) for i in range(len(words) - _NGRAM + 1))
    if ngrams and max(ngrams.values()) >= _MOST_NGRAMS:
        return True
    run = 0
    for index, word in enumerate(words):
        run = run + 1 if index and words[index - 1] == word else 1
        if run >= _MOST_IN_SUCCESSION:
            return True
    return False


def states_label(thinking: str, *, others: Iterable[DocumentLine], given: str) -> bool:
    """Whether thinking repeats the text of the other side, which the worker was not given."""
    return any(find_leak(thinking, [one]) and not find_leak(given, [one]) for one in others)


def find_fault(
    thinking: str,
    answer: str,
    rules: CleaningRules,
    *,
    others: Iterable[DocumentLine] = (),
    given: str = "",
) -> Rejection | None:
    """Why a rationale is of no use; None if it may be chosen.

    Args:
        others: the other side of the pair.
        given: the text that the worker was given.
    """
    whole = f"{thinking} {answer}".strip()
    words = words_of(whole)
    faults: tuple[tuple[Rejection, Callable[[], bool]], ...] = (
        (Rejection.EMPTY, lambda: not words),
        (Rejection.REFUSAL, lambda: is_refusal(whole)),
        (Rejection.LOOP, lambda: is_loop(words)),
        (Rejection.TOO_SHORT, lambda: len(words) < rules.min_words),
        (Rejection.TOO_LONG, lambda: len(words) > rules.max_words),
        (Rejection.NAMES_TARGET, lambda: bool(_TARGET.search(whole))),
        (
            Rejection.STATES_LABEL,
            lambda: rules.reject_label and states_label(thinking, others=others, given=given),
        ),
    )
    return next((fault for fault, holds in faults if holds()), None)
