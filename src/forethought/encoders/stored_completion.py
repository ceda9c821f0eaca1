"""A stored rationale as the token ids that are teacher-forced."""

from dataclasses import dataclass

from forethought.backbones import QwenVL
from forethought.errors import ModelError
from forethought.renderers import Renderer
from forethought.types import CachedRationale, Rationale


@dataclass(frozen=True, slots=True)
class StoredCompletion:
    """A rationale and its token ids, the embed token last."""

    rationale: Rationale
    token_ids: tuple[int, ...]


def to_completion(
    stored: CachedRationale, renderer: Renderer, backbone: QwenVL
) -> StoredCompletion | None:
    """The completion of a stored rationale: as it was decoded, or rendered from edited text.

    None if this model cannot read it: it does not end in its only embed token, or holds an id
    outside the vocabulary or an image placeholder, which the network would count among the
    prompt's images.

    Raises:
        ModelError: if the family writes no rationale.
    """
    completion_format = renderer.completion_format
    if completion_format is None:
        raise ModelError("this family writes no rationale; encode with think='never'")
    ids = renderer.write(stored.rationale) if stored.edited else stored.token_ids
    if completion_format.embed_id not in ids:
        return None
    cut = tuple(ids[: ids.index(completion_format.embed_id) + 1])
    if not stored.edited and cut != stored.token_ids:
        return None
    placeholders = {backbone.placeholders.image_id, backbone.placeholders.video_id}
    size = backbone.vocab_size
    if any(not 0 <= token < size or token in placeholders for token in cut):
        return None
    return StoredCompletion(stored.rationale, cut)
