"""Rationales of one input that say the same in nearly the same letters."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein


def near_duplicates(texts: Sequence[str], *, distance: float) -> list[int]:
    """Indices of texts that are nearer than `distance` to an earlier one that stays.

    The distance is Levenshtein's over the length of the longer text, in [0, 1]. Case and spaces
    do not count.
    """
    stays: list[str] = []
    found = []
    for index, text in enumerate(texts):
        plain = " ".join(text.casefold().split())
        if any(_distance(plain, other, distance) < distance for other in stays):
            found.append(index)
        else:
            stays.append(plain)
    return found


def _distance(first: str, second: str, most: float) -> float:
    return Levenshtein.normalized_distance(first, second, score_cutoff=most)
