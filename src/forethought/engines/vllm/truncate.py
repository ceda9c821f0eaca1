"""Ends what vLLM decoded where the local engine would have ended it."""

from forethought.engines.decode_options import DecodeOptions
from forethought.engines.request import Completion
from forethought.engines.stopping import MAX_PATTERN_SIZE
from forethought.types import CompletionFormat, Ending


def truncate(
    token_ids: tuple[int, ...], completion_format: CompletionFormat, options: DecodeOptions
) -> Completion:
    """Cut at the first token that ends a completion, and append the embed token.

    Tokens without such an end filled the context, which is `LENGTH`.
    """
    embed_id = completion_format.embed_id
    for index in range(len(token_ids)):
        decoded = token_ids[: index + 1]
        ending = (
            Ending.LENGTH
            if index >= options.budget
            else _ending(decoded, completion_format, options)
        )
        if ending is not None:
            return Completion((*token_ids[:index], embed_id), ending)
    return Completion((*token_ids, embed_id), Ending.LENGTH)


def _ending(
    token_ids: tuple[int, ...], completion_format: CompletionFormat, options: DecodeOptions
) -> Ending | None:
    """How a row ends with the last of these tokens, if it does."""
    if token_ids[-1] == completion_format.embed_id:
        return Ending.EMBED
    if token_ids[-1] in completion_format.end_ids:
        return Ending.MALFORMED
    return Ending.LOOP if options.repeats and _is_loop(token_ids, options.repeats) else None


def _is_loop(token_ids: tuple[int, ...], repeats: int) -> bool:
    """Whether the tokens end in one pattern, so many times over."""
    for size in range(2, MAX_PATTERN_SIZE + 1):
        if len(token_ids) < size * repeats:
            return False
        tail = token_ids[-size * repeats :]
        # Equal to itself, shifted by one pattern.
        if tail[size:] == tail[:-size]:
            return True
    return False
