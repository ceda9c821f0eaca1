import numpy as np

from forethought.types import Embeddings, Ending, Mode, Rationale, concatenate


def rows(*firsts, rationale=None):
    count = len(firsts)
    return Embeddings(
        vectors=np.array([[first, 0.5, 0.25] for first in firsts], dtype=np.float32),
        rationales=(rationale,) * count,
        mode=(Mode.THOUGHT if rationale else Mode.DIRECT,) * count,
        tokens=np.full(count, 9 if rationale else 0),
        gate=np.full(count, 0.75 if rationale else np.nan),
    )


def test_parts_are_stacked_in_order():
    thought = Rationale("two wheels", "bicycle", Ending.EMBED)
    whole = concatenate([rows(1, 2), rows(3, rationale=thought)])
    assert len(whole) == 3
    assert whole.dimension == 3
    assert whole.vectors[:, 0].tolist() == [1, 2, 3]
    assert whole.rationales == (None, None, thought)
    assert whole.mode == (Mode.DIRECT, Mode.DIRECT, Mode.THOUGHT)
    assert whole.tokens.tolist() == [0, 0, 9]
    assert np.isnan(whole.gate).tolist() == [True, True, False]
