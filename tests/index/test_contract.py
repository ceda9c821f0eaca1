import dataclasses

import numpy as np
import pytest

from forethought.errors import ContractError
from forethought.index import Contract
from forethought.types import Embeddings, Ending, Mode, Rationale, Think

DIRECT = Contract("nano", "0123456789ab", 3, Think.NEVER, "what is shown?")
OTHER_VALUES = {
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


def test_from_json_inverts_to_json():
    assert Contract.from_json(DIRECT.to_json()) == DIRECT


def test_a_contract_accepts_itself():
    DIRECT.check_stored(DIRECT, where="here")


@pytest.mark.parametrize(("field", "value"), OTHER_VALUES.items())
def test_every_field_changes_the_table_name_and_is_checked(field, value):
    other = dataclasses.replace(DIRECT, **{field: value})
    assert other.table_name != DIRECT.table_name
    with pytest.raises(
        ContractError, match=r"gallery contains vectors of .*, not of .*--index DIR"
    ):
        DIRECT.check_stored(other, where="gallery")


def test_the_error_names_both_contracts():
    thinking = dataclasses.replace(DIRECT, think=Think.ALWAYS, instruction="")
    with pytest.raises(ContractError) as error:
        DIRECT.check_stored(thinking, where="gallery")
    assert "nano@0123456789ab, 3 dimensions, documents think always, no instruction" in str(
        error.value
    )
    assert "documents think never, instruction 'what is shown?'" in str(error.value)


def test_a_direct_vector_is_refused_by_a_thought_index():
    thinking = dataclasses.replace(DIRECT, think=Think.ALWAYS)
    mixed = _embeddings([Mode.THOUGHT, Mode.DIRECT])
    with pytest.raises(ContractError, match="got a direct vector: embed documents with think='alw"):
        thinking.check_documents(mixed, where="gallery")
    with pytest.raises(ContractError, match="got a thought vector"):
        DIRECT.check_documents(mixed, where="gallery")
    dataclasses.replace(DIRECT, think=Think.AUTO).check_documents(mixed, where="gallery")


def test_vectors_of_another_dimension_are_refused():
    with pytest.raises(ContractError, match="got 5 dimensions: embed the query with the encoder"):
        DIRECT.check_documents(_embeddings([Mode.DIRECT], dimension=5), where="gallery")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"think": "never"}', '{"think": "maybe"}'])
def test_other_fields_are_reported_as_another_version(text):
    with pytest.raises(ContractError, match="made by another version of forethought"):
        Contract.from_json(text)
