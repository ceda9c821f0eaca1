"""When a row stops writing, and why."""

from collections.abc import Sequence

from forethought.types import Ending, Grammar

SPAN = 16
"""The longest run of tokens that is looked for again and again."""


def judge(
    written: Sequence[int], token: int, *, grammar: Grammar, budget: int, repeats: int
) -> Ending | None:
    """How a row that would write `token` ends, if it does.

    `EMBED` by its embed token; `LENGTH` when `budget` tokens are written and none embeds;
    `MALFORMED` by the end of its turn; `LOOP` when the last tokens are one run of at most
    `SPAN`, `repeats` times over (0 never looks).
    """
    if len(written) >= budget:
        return Ending.LENGTH
    if token == grammar.embed_id:
        return Ending.EMBED
    if token in grammar.end_ids:
        return Ending.MALFORMED
    if repeats and loops([*written[-SPAN * repeats + 1 :], token], repeats=repeats):
        return Ending.LOOP
    return None


def loops(written: Sequence[int], *, repeats: int) -> bool:
    """Whether a text ends in one run of at least two and at most `SPAN` tokens, over and over.

    One token alone must fill as many places as the shortest run would, `2 * repeats`.
    """
    for size in range(2, SPAN + 1):
        tail = written[-size * repeats :]
        if len(tail) < size * repeats:
            return False
        # Equal to itself, shifted by one run.
        if tail[size:] == tail[:-size]:
            return True
    return False
