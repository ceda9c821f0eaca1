import re
from dataclasses import replace

import pytest

from forethought.errors import ContractError
from forethought.types import Making, Mode, Provenance, Side, check_comparable
from forethought.types.provenance import common_provenance

SAME = ((Mode.DIRECT, Mode.DIRECT), (Mode.THOUGHT, Mode.THOUGHT))
DIRECT_DOCUMENTS = ((Mode.DIRECT, Mode.DIRECT), (Mode.THOUGHT, Mode.DIRECT))
MADE = Provenance(
    "tiny",
    "5ca1ab1e",
    Side.QUERY,
    ("Find it.",),
    settings=("dtype=float32", "pixels=784..1568"),
    decoding=("budget=9",),
    aligned=SAME,
)
DOCUMENT = replace(MADE, side=Side.DOCUMENT, instructions=("",), decoding=())


def check(left, right, *, left_modes=(Mode.DIRECT,), right_modes=(Mode.DIRECT,)):
    check_comparable(
        Making("the query", left, frozenset(left_modes)),
        Making("the index", right, frozenset(right_modes)),
    )


def test_sides_instructions_and_decoding_may_differ():
    assert MADE.is_comparable(DOCUMENT)
    check(MADE, DOCUMENT)
    check(MADE, replace(MADE, decoding=("budget=4",)))
    check(MADE, None)
    check(None, MADE)


@pytest.mark.parametrize(
    "other",
    [
        replace(DOCUMENT, encoder="else"),
        replace(DOCUMENT, revision="else"),
        replace(DOCUMENT, settings=("dtype=bfloat16", "pixels=784..1568")),
        replace(DOCUMENT, settings=MADE.settings[:1]),
    ],
)
def test_another_encoder_revision_or_setting_is_refused_with_both_sides(other):
    assert not MADE.is_comparable(other)
    both = re.escape(f"the query are of {MADE}, the index of {other}")
    with pytest.raises(ContractError, match=f"^{both}"):
        check(MADE, other)


def test_the_settings_that_differ_are_named():
    other = replace(DOCUMENT, settings=("dtype=float32", "pixels=784..9"))
    with pytest.raises(ContractError, match=r"\(pixels=784\.\.1568 against pixels=784\.\.9\)"):
        check(MADE, other)


def test_modes_that_share_no_space_are_refused_with_the_legal_pairs():
    legal = "only direct with direct, thought with thought"
    for query, document in ((Mode.THOUGHT, Mode.DIRECT), (Mode.DIRECT, Mode.THOUGHT)):
        words = f"with {query} vectors, the index of .* with {document} ones.* {legal}"
        with pytest.raises(ContractError, match=words):
            check(MADE, DOCUMENT, left_modes=[query], right_modes=[document])
        check(MADE, DOCUMENT, left_modes=[query], right_modes=[query])


def test_one_unaligned_row_among_many_is_found_and_skipped_rows_count_for_nothing():
    check(MADE, DOCUMENT, left_modes=[Mode.DIRECT, Mode.SKIPPED])
    with pytest.raises(ContractError, match="with thought vectors"):
        check(MADE, DOCUMENT, left_modes=[Mode.DIRECT, Mode.THOUGHT])


def test_a_pair_is_a_query_and_a_document_in_whatever_order_they_are_compared():
    query = replace(MADE, aligned=DIRECT_DOCUMENTS)
    document = replace(DOCUMENT, aligned=DIRECT_DOCUMENTS)
    check(query, document, left_modes=[Mode.THOUGHT])
    check(document, query, right_modes=[Mode.THOUGHT])
    with pytest.raises(ContractError, match="only direct with direct, thought with direct"):
        check(query, document, right_modes=[Mode.THOUGHT])


def test_vectors_of_one_side_and_mode_are_made_alike():
    query = replace(MADE, aligned=DIRECT_DOCUMENTS)
    check(query, query, left_modes=[Mode.THOUGHT], right_modes=[Mode.THOUGHT])
    check(query, query, left_modes=[Mode.DIRECT], right_modes=[Mode.THOUGHT])
    with pytest.raises(ContractError, match="only direct with direct, thought with thought"):
        check(MADE, MADE, left_modes=[Mode.DIRECT], right_modes=[Mode.THOUGHT])


def test_the_digest_changes_with_settings_and_decoding_alone():
    changed = [
        replace(MADE, settings=("dtype=float32",)),
        replace(MADE, decoding=()),
        replace(MADE, settings=(*MADE.settings, *MADE.decoding), decoding=()),
    ]
    digests = {each.settings_digest for each in [MADE, *changed]}
    assert len(digests) == 4
    assert replace(MADE, revision="0ff", instructions=()).settings_digest == MADE.settings_digest


def test_parts_have_one_provenance_with_all_their_instructions():
    other = replace(MADE, instructions=("Answer.", "Find it."), decoding=())
    expected = replace(MADE, instructions=("Find it.", "Answer."))
    assert common_provenance([MADE, other]) == expected
    assert common_provenance([other, MADE]) == replace(expected, instructions=other.instructions)
    assert common_provenance([None, None]) is None


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (DOCUMENT, "part 1 is of tiny@5ca1ab1e, document side"),
        (None, "part 1 has no provenance"),
        (replace(MADE, decoding=("budget=4",)), r"\(budget=4 against budget=9\)"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(other, message):
    with pytest.raises(ContractError, match=message):
        common_provenance([MADE, other])
