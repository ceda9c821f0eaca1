"""One input on its way from prompt to vector."""

import math
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from forethought.encoders.stored_completion import StoredCompletion
from forethought.types import CachedRationale, Prompt, Rationale


@dataclass(slots=True, eq=False)
class EncodeRow:
    """One input of an `encode` call; each step fills in what it computes.

    `index` is the position among the inputs of the call. `pending` is the entry that its
    rationale is looked up and stored under, without text yet; None where no cache is used.
    `cached` is the stored completion to read instead of decoding. `state` becomes the vector;
    `token_ids` is what was decoded for it, empty for a direct or a cached row. `error` is why it has no
    vector.
    """

    index: int
    prompt: Prompt
    pending: CachedRationale | None = None
    cached: StoredCompletion | None = None
    state: Float[Tensor, " H"] | None = None
    rationale: Rationale | None = None
    token_ids: tuple[int, ...] = ()
    gate: float = math.nan
    error: str | None = None
