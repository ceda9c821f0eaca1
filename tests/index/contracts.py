"""Contracts and embeddings under them, without an encoder."""

import dataclasses

import numpy as np

from forethought.index import Contract
from forethought.types import Embeddings, Ending, Mode, Provenance, Rationale, Side, Think

SAME = ((Mode.DIRECT, Mode.DIRECT), (Mode.THOUGHT, Mode.THOUGHT))
ALL = (*SAME, (Mode.DIRECT, Mode.THOUGHT), (Mode.THOUGHT, Mode.DIRECT))


def contract(*, dimension=3, think=Think.NEVER, **changes):
    decoding = () if think is Think.NEVER else ("budget=7",)
    documents = Provenance(
        *("nano", "0123456789ab", Side.DOCUMENT, ("what is shown?",), ("dtype=float32",)),
        decoding=decoding,
        aligned=SAME,
    )
    return Contract(dataclasses.replace(documents, **changes), dimension, think)


def embeddings(provenance, *modes, dimension=3):
    """One vector of ones for each mode."""
    rationale = Rationale("t", "a", Ending.EMBED)
    return Embeddings(
        vectors=np.ones((len(modes), dimension), dtype=np.float32),
        rationales=tuple(rationale if mode is Mode.THOUGHT else None for mode in modes),
        mode=tuple(modes),
        tokens=np.zeros(len(modes), dtype=np.int64),
        gate=np.full(len(modes), np.nan),
        provenance=provenance,
    )
