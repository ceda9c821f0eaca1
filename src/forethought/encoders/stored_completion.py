"""Rationales that were written before, as the tokens that are read again."""

from forethought.backbones import QwenVL
from forethought.errors import ModelError
from forethought.renderers import Renderer
from forethought.types import CachedRationale


def to_completion(
    memo: CachedRationale, renderer: Renderer, backbone: QwenVL
) -> tuple[int, ...] | None:
    """The completion to read: as decoded, or the corrected words as the renderer writes them.

    None for one that this model cannot read: it does not end in its one embed token, holds a
    token outside the vocabulary, or a placeholder that no picture owns, which the stock
    networks would count among the pictures'.

    Raises:
        ModelError: if the family writes no rationale.
    """
    completion_format = renderer.completion_format
    if completion_format is None:
        raise ModelError("this family writes no rationale; ask it with think='never'")
    ids = renderer.write(memo.rationale) if memo.edited else memo.token_ids
    if completion_format.embed_id not in ids:
        return None
    cut = tuple(ids[: ids.index(completion_format.embed_id) + 1])
    if not memo.edited and cut != memo.token_ids:
        return None
    placeholders = {backbone.placeholders.image_id, backbone.placeholders.video_id}
    size = int(backbone.network.config.text_config.vocab_size)
    whole = all(0 <= token < size and token not in placeholders for token in cut)
    return cut if whole else None
