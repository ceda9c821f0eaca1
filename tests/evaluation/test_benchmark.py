from typing import Any

import pytest

from forethought.errors import DataError
from forethought.evaluation import Benchmark, EvalItem, EvalTask


def make(**changes: Any) -> EvalTask:
    fields: dict[str, Any] = {
        "name": "words",
        "split": "test",
        "queries": (EvalItem("find", "a"), EvalItem("find", "b")),
        "documents": (EvalItem("", "x"), EvalItem("", "y"), EvalItem("", "z")),
        "relevance": ({1: 1.0}, {2: 0.5, 0: 2.0}),
    }
    return EvalTask(**(fields | changes))


def test_grades_of_a_shared_pool_are_in_the_order_of_the_documents():
    assert make().grades().tolist() == [[0.0, 1.0, 0.0], [2.0, 0.0, 0.5]]


def test_grades_of_candidate_lists_are_in_the_order_of_each_list():
    assert make(candidates=((1,), (0, 1, 2))).grades().tolist() == [[1.0, 0, 0], [2.0, 0, 0.5]]
    assert make(candidates=((2, 1), (2, 0))).grades().tolist() == [[0.0, 1.0], [0.5, 2.0]]


def test_equal_items_are_one_key():
    assert {EvalItem("find", "a", ("x.png",)), EvalItem("find", "a", ("x.png",))} == {
        EvalItem("find", "a", ("x.png",))
    }


def test_a_class_with_the_fields_keeps_the_protocol(colours):
    assert isinstance(colours, Benchmark)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relevance": ({1: 1.0},)}, "words, test: 1 rows of relevance for 2 queries"),
        ({"candidates": ((0, 1),)}, "1 rows of candidates for 2 queries"),
        ({"candidates": ((1, 3), (0, 2))}, "query 0: candidate 3 does not exist; .* 3 documents"),
        ({"candidates": ((1, 0), (0, 2, 0))}, "query 1: candidate 0 occurs 2 times"),
        ({"candidates": ((0, 2), (0, 2))}, "query 0: document 1 is relevant but not a candidate"),
        ({"relevance": ({1: 1.0}, {3: 1.0})}, "query 1: document 3 is relevant but not"),
        ({"relevance": ({}, {2: 1.0})}, "query 0: no candidate is relevant"),
        ({"relevance": ({1: 1.0}, {2: 0.0})}, r"query 1: grade 0\.0; .* positive"),
        ({"relevance": ({1: float("nan")}, {2: 1.0})}, "query 0: grade nan"),
    ],
)
def test_refuses_what_cannot_be_scored(changes, message):
    with pytest.raises(DataError, match=message):
        make(**changes)
