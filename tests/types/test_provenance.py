from dataclasses import replace

import pytest

from forethought.errors import ContractError
from forethought.types import Provenance, Side, check_comparable
from forethought.types.provenance import common_provenance

MADE = Provenance("tiny", "5ca1ab1e", Side.QUERY, "Find it.", "c0ffee")


def check(left, right):
    check_comparable(left, right, left_name="the query", right_name="the index")


def test_sides_and_instructions_may_differ():
    other = replace(MADE, side=Side.DOCUMENT, instruction="")
    assert MADE.is_comparable(other)
    check(MADE, other)
    check(MADE, None)
    check(None, MADE)


@pytest.mark.parametrize(
    "other",
    [replace(MADE, encoder="else"), replace(MADE, revision="else"), replace(MADE, settings="else")],
)
def test_another_encoder_revision_or_setting_is_refused_with_both_sides(other):
    assert not MADE.is_comparable(other)
    with pytest.raises(
        ContractError, match=r"^the query are of tiny@5ca1ab1e.* the index of .*else"
    ):
        check(MADE, other)


def test_parts_have_one_provenance_with_all_their_instructions():
    other = replace(MADE, instruction="Answer.\nFind it.")
    assert common_provenance([MADE, other]) == replace(MADE, instruction="Find it.\nAnswer.")
    assert common_provenance([None, None]) is None


def test_parts_that_do_not_go_together_are_refused():
    with pytest.raises(ContractError, match="part 1 is of tiny@5ca1ab1e, document side"):
        common_provenance([MADE, replace(MADE, side=Side.DOCUMENT)])
    with pytest.raises(ContractError, match="part 1 has no provenance"):
        common_provenance([MADE, None])
