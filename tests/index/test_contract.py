import dataclasses

import numpy as np
import pytest

from forethought.errors import ContractError
from forethought.index import Contract
from forethought.types import Mode, Side, Think
from tests.index.contracts import ALL, SAME, contract, embeddings

DIRECT = contract()
OTHERS = {
    "encoder": contract(encoder="large"),
    "revision": contract(revision="ba9876543210"),
    "instruction": contract(instructions=("what colour?",)),
    "no instruction": contract(instructions=("",)),
    "settings": contract(settings=("dtype=bfloat16",)),
    "decoding": contract(decoding=("budget=8",)),
    "aligned modes": contract(aligned=ALL),
    "dimension": contract(dimension=4),
    "think": dataclasses.replace(DIRECT, think=Think.ALWAYS),
    "format": dataclasses.replace(DIRECT, format=7),
}


def query(of=DIRECT, mode=Mode.DIRECT, **changes):
    made = dataclasses.replace(of.documents, side=Side.QUERY, **changes)
    return embeddings(made, mode)


@pytest.mark.parametrize("made", [DIRECT, *OTHERS.values()], ids=["itself", *OTHERS])
def test_from_json_inverts_to_json(made):
    assert Contract.from_json(made.to_json()) == made


def test_a_contract_accepts_itself():
    DIRECT.check_stored(DIRECT, where="here")


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_every_field_changes_the_table_name_and_is_checked(other):
    assert other.table_name != DIRECT.table_name
    with pytest.raises(
        ContractError, match=r"gallery contains vectors of .*, not of .*--index DIR"
    ):
        DIRECT.check_stored(other, where="gallery")


def test_the_error_names_both_contracts():
    thinking = contract(think=Think.ALWAYS, instructions=("",))
    with pytest.raises(ContractError) as error:
        DIRECT.check_stored(thinking, where="gallery")
    for words in (
        "nano@0123456789ab, document side, settings ",
        "3 dimensions, documents think always, no instruction",
        "documents think never, instruction 'what is shown?'",
    ):
        assert words in str(error.value)


def test_a_document_in_another_mode_is_refused():
    thinking = contract(think=Think.ALWAYS)
    mixed = embeddings(thinking.documents, Mode.THOUGHT, Mode.DIRECT)
    with pytest.raises(ContractError, match="got a direct vector: embed documents with think='alw"):
        thinking.check_documents(mixed, where="gallery")
    mixed = embeddings(DIRECT.documents, Mode.THOUGHT, Mode.DIRECT)
    with pytest.raises(ContractError, match="got a thought vector"):
        DIRECT.check_documents(mixed, where="gallery")
    auto = contract(think=Think.AUTO)
    mixed = embeddings(auto.documents, Mode.THOUGHT, Mode.DIRECT)
    auto.check_documents(mixed, where="gallery")


def test_documents_that_were_made_otherwise_are_refused():
    with pytest.raises(ContractError, match="got 5 dimensions: embed with the encoder"):
        DIRECT.check_documents(
            embeddings(DIRECT.documents, Mode.DIRECT, dimension=5), where="gallery"
        )
    for other in (OTHERS["settings"].documents, query().provenance, None):
        with pytest.raises(ContractError, match="has to return what the encoder's `provenance`"):
            DIRECT.check_documents(embeddings(other, Mode.DIRECT), where="gallery")


def test_without_rationales_every_choice_of_think_is_direct():
    assert contract(think=Think.AUTO, decoding=()).modes == {Mode.DIRECT}
    assert contract(think=Think.AUTO).modes == {Mode.DIRECT, Mode.THOUGHT}


@pytest.mark.parametrize(
    ("think", "mode"), [(Think.NEVER, Mode.DIRECT), (Think.ALWAYS, Mode.THOUGHT)]
)
def test_a_query_in_a_mode_that_is_aligned_is_accepted(think, mode):
    made = contract(think=think)
    one = query(made, mode, instructions=("another",), decoding=("budget=9",))
    assert made.check_query(one, where="gallery") is one


@pytest.mark.parametrize(
    ("think", "mode", "refused"),
    [
        (
            Think.NEVER,
            Mode.THOUGHT,
            "the query's vectors are of .* with thought vectors, those of gallery .* direct",
        ),
        (
            Think.ALWAYS,
            Mode.DIRECT,
            "the query's vectors are of .* with direct vectors, those of gallery .* thought",
        ),
        (
            Think.AUTO,
            Mode.DIRECT,
            "the query's vectors are of .* with direct vectors, those of gallery .* thought",
        ),
    ],
)
def test_a_query_in_another_mode_is_refused_with_the_pairs_that_are_aligned(think, mode, refused):
    made = contract(think=think, aligned=SAME)
    with pytest.raises(
        ContractError, match=rf"{refused}.*only direct with direct, thought with thought; encode"
    ):
        made.check_query(query(made, mode), where="gallery")
    made = contract(think=think, aligned=ALL)
    made.check_query(query(made, mode), where="gallery")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": "large"}, "of large@0123456789ab.*those of gallery of nano@0123456789ab"),
        (
            {"revision": "ba9876543210"},
            "of nano@ba9876543210.*those of gallery of nano@0123456789ab",
        ),
        ({"settings": ("dtype=bfloat16",)}, r"\(dtype=bfloat16 against dtype=float32\)"),
        ({"side": Side.DOCUMENT}, "document side.*: gallery contains documents; .*side='query'"),
    ],
)
def test_a_query_that_was_made_otherwise_is_refused(changes, message):
    made = dataclasses.replace(query().provenance, **changes)
    with pytest.raises(ContractError, match=message):
        DIRECT.check_query(embeddings(made, Mode.DIRECT), where="gallery")


def _spoiled(value):
    vectors = np.full((1, 3), value, dtype=np.float32)
    return dataclasses.replace(query(), vectors=vectors)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones(3, dtype=np.float32), "`Embeddings` of one row, got ndarray: pass what `encode`"),
        ([0.1, 0.2, 0.3], "`Embeddings` of one row, got list"),
        (embeddings(None, Mode.DIRECT), "no provenance.*search with what `encode` of nano returns"),
        (
            embeddings(query().provenance, Mode.DIRECT, Mode.DIRECT),
            r"got 2 rows: search with one at a time, as in search\(embeddings\[0\], k=10\)",
        ),
        (embeddings(query().provenance), "got 0 rows"),
        (_spoiled(np.nan), r"no vector \(it is zero or not finite\); encode another"),
        (_spoiled(0), r"no vector \(it is zero or not finite\); encode another"),
        (
            dataclasses.replace(_spoiled(np.nan), errors=("it is blank",)),
            r"no vector \(it is blank\)",
        ),
        (
            embeddings(query().provenance, Mode.DIRECT, dimension=2),
            "got 2 dimensions: embed with the encoder",
        ),
    ],
)
def test_what_is_no_query_is_refused_with_the_way_out(given, message):
    with pytest.raises(ContractError, match=message):
        DIRECT.check_query(given, where="gallery")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", '{"think": "never"}', '{"think": "maybe"}'),
        '{"documents": {"encoder": "nano"}, "think": "never"}',
        '{"encoder": "nano", "revision": "0", "dimension": 3, "think": "never", "instruction": ""}',
    ],
)
def test_other_fields_are_reported_as_another_version(text):
    with pytest.raises(ContractError, match="made by another version of forethought"):
        Contract.from_json(text)
