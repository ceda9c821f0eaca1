import dataclasses

import numpy as np
import pytest

from forethought.errors import ContractError
from forethought.index import Contract, read_contract
from forethought.types import Embeddings, Ending, Mode, Rationale, Think

DIRECT = Contract("nano", "0123456789ab", 3, Think.NEVER, "what is shown?")
OTHERS = {
    "encoder": "large",
    "revision": "ba9876543210",
    "dimension": 4,
    "think": Think.ALWAYS,
    "instruction": "",
    "format": 7,
}


def _embeddings(modes, dimension=3):
    rationale = Rationale("t", "a", Ending.EMBED)
    return Embeddings(
        vectors=np.ones((len(modes), dimension), dtype=np.float32),
        rationales=tuple(rationale if mode is Mode.THOUGHT else None for mode in modes),
        mode=tuple(modes),
        tokens=np.zeros(len(modes), dtype=np.int64),
        gate=np.full(len(modes), np.nan),
    )


def test_reading_undoes_writing():
    assert read_contract(DIRECT.written()) == DIRECT


def test_a_contract_requires_nothing_of_itself():
    DIRECT.require(DIRECT, where="here")


@pytest.mark.parametrize(("term", "value"), OTHERS.items())
def test_every_term_makes_another_table_and_is_enforced(term, value):
    other = dataclasses.replace(DIRECT, **{term: value})
    assert other.table != DIRECT.table
    with pytest.raises(ContractError, match=r"gallery holds vectors of .*; asked for .*--index"):
        DIRECT.require(other, where="gallery")


def test_the_refusal_says_both_sides():
    thinking = dataclasses.replace(DIRECT, think=Think.ALWAYS, instruction="")
    with pytest.raises(ContractError) as refusal:
        DIRECT.require(thinking, where="gallery")
    assert "nano@0123456789ab, 3 dimensions, documents think always, no instruction" in str(
        refusal.value
    )
    assert "documents think never, instruction 'what is shown?'" in str(refusal.value)


def test_a_direct_vector_does_not_enter_a_thought_index():
    thinking = dataclasses.replace(DIRECT, think=Think.ALWAYS)
    mixed = _embeddings([Mode.THOUGHT, Mode.DIRECT])
    with pytest.raises(ContractError, match="got a direct vector: embed documents with think='alw"):
        thinking.admit(mixed, where="gallery")
    with pytest.raises(ContractError, match="got a thought vector"):
        DIRECT.admit(mixed, where="gallery")
    dataclasses.replace(DIRECT, think=Think.AUTO).admit(mixed, where="gallery")


def test_vectors_of_another_length_do_not_enter():
    with pytest.raises(ContractError, match="got 5 dimensions: embed the query with the encoder"):
        DIRECT.admit(_embeddings([Mode.DIRECT], dimension=5), where="gallery")


@pytest.mark.parametrize("written", ["", "[]", "{", '{"think": "never"}', '{"think": "maybe"}'])
def test_terms_that_cannot_be_read_are_another_version_s(written):
    with pytest.raises(ContractError, match="made by another version of forethought"):
        read_contract(written)
