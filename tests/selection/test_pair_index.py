import json

import pytest

from forethought.data import ExampleLines
from forethought.selection import PairIndex, Place
from forethought.types import Side
from tests.selection.conftest import example

LINES = [
    example("q0", "a", task="t"),
    example("q1", "b", "b-", "b--", "b---", task="t"),
    example("q0", "c", task="t"),
    example("q3", "d", task="t"),
    example("q4", "e", task="other"),
    example("q5", "A!", task="t", label="a"),
    *[example(f"more {n}", f"doc {n}", task="t") for n in range(20)],
]


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in LINES))

    def make(**settings):
        return PairIndex(ExampleLines(path), **settings)

    return make


def texts(index, places):
    return [place.of(index.lines[place.line]).content[0].text for place in places]


def test_mined_negatives_come_first_and_alone(index):
    assert texts(index(), index().targets(Place(1), 2)) == ["b", "b-", "b--"]
    assert len(index().targets(Place(1), 9)) == 4


def test_drawn_negatives_are_of_the_task_and_answer_no_equal_query(index):
    made = index()
    found = texts(made, made.targets(Place(0), 40))
    # "c" answers the same query; "A!" has the label of "a" only in name: labels are as written.
    assert found[0] == "a"
    negatives = found[1:]
    assert "e" not in negatives
    assert "c" not in negatives
    assert {"d", "b", "b-", "doc 7"} <= set(negatives)
    assert len(set(negatives)) == len(negatives)


def test_draws_depend_on_the_query_and_the_seed(index):
    first, again, other = (
        texts(made, made.targets(Place(3), 5)) for made in (index(), index(), index(seed=1))
    )
    assert first == again != other
    assert texts(index(), index().targets(Place(6), 5))[1:] != first[1:]
    assert len(first) == 6


def test_the_negatives_of_a_document_are_queries_it_does_not_answer(index):
    made = index()
    places = made.targets(Place(0, 0), 40)
    assert {place.side for place in places} == {Side.QUERY}
    found = texts(made, places)
    assert found[0] == "q0"
    assert set(found[1:]) & {"q0", "q4"} == set()
    assert "q1" in found


def test_unrelated_examples_are_of_the_task_and_have_other_answers(index):
    made = index()
    assert made.unrelated(0, [0, 2, 4]) is None
    assert made.unrelated(0, [0, 2, 3, 4]) == 3
