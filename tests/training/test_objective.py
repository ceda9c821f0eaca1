import dataclasses
import math
from typing import Any

import pytest
import torch

from forethought.data import Pair
from forethought.training.batch_builder import Teacher
from forethought.training.forward import States
from forethought.training.objective import Objective, same_answer, total
from forethought.training.recipe import Weights

EMPTY = Pair(*("",) * len(dataclasses.fields(Pair)))
PAIRS = [
    dataclasses.replace(EMPTY, query_text=query, document_text=document)
    for query, document in [("a", "red"), ("b", "blue"), ("c", "red"), ("d", "green")]
]
WEIGHTS = Weights(
    direct=0.9,
    thought=0.6,
    cross=0.8,
    next_token=0.7,
    statements=0.3,
    pointwise=2.0,
    relational=1.5,
    sight=0.25,
)
OBJECTIVE = Objective(temperature=0.5, teacher_temperature=0.4, teacher=None)


def states(direct, thought=None, thinking=(), logits=None, targets=()):
    size = direct.shape[1]
    return States(
        direct,
        torch.zeros(0, size) if thought is None else thought,
        tuple(thinking),
        torch.zeros(len(targets), 7) if logits is None else logits,
        torch.tensor(targets, dtype=torch.long),
    )


def spread(seed, rows, size=5):
    return torch.randn(rows, size, generator=torch.Generator().manual_seed(seed))


def reference(queries, documents, own, temperature=0.5, ignore=()):
    """InfoNCE spelled out, one query at a time."""
    losses = []
    for row, query in enumerate(queries):
        odds = [
            math.exp(float(torch.cosine_similarity(query, document, dim=0)) / temperature)
            for document in documents
        ]
        pool = [o for at, o in enumerate(odds) if at == own[row] or (row, at) not in ignore]
        losses.append(math.log(sum(pool) / odds[own[row]]))
    return sum(losses) / len(losses)


SAME = {(0, 2), (2, 0)}  # pairs 0 and 2 both answer "red"


def test_pairs_with_one_answer_are_no_negatives_of_each_other():
    assert same_answer(PAIRS).int().tolist() == [
        [1, 0, 1, 0],
        [0, 1, 0, 0],
        [1, 0, 1, 0],
        [0, 0, 0, 1],
    ]


def test_direct_is_the_mean_of_both_directions():
    direct = spread(1, 8)
    queries, documents, own = direct[:4], direct[4:], range(4)
    found = OBJECTIVE.terms(states(direct), PAIRS, WEIGHTS)
    assert set(found) == {"direct"}
    there = reference(queries, documents, own, ignore=SAME)
    back = reference(documents, queries, own, ignore=SAME)
    assert found["direct"].item() == pytest.approx((there + back) / 2, abs=1e-5)


def test_thought_and_cross_compare_what_thought_with_its_own_pair():
    # Pairs 0 and 1 think. The reader gives their states in an order of its own: the document
    # of pair 1 (row 5), the query of pair 0, the document of pair 0 (row 4), the query of 1.
    direct, thought = spread(2, 8), spread(3, 4)
    found = OBJECTIVE.terms(states(direct, thought, (5, 0, 4, 1)), PAIRS, WEIGHTS)
    queries, documents = thought[[1, 3]], thought[[2, 0]]
    own, same = [0, 1], {(0, 2)}
    among = (reference(queries, documents, own) + reference(documents, queries, own)) / 2
    cross = (
        reference(queries, direct[4:], own, ignore=same)
        + reference(documents, direct[:4], own, ignore=same)
    ) / 2
    assert found["thought"].item() == pytest.approx(among, abs=1e-5)
    assert found["cross"].item() == pytest.approx(cross, abs=1e-5)


def test_a_side_that_thought_alone_is_left_out():
    direct, thought = spread(2, 8), spread(3, 3)
    found = OBJECTIVE.terms(states(direct, thought, (0, 4, 1)), PAIRS, WEIGHTS)
    pair = OBJECTIVE.terms(states(direct, thought[:2], (0, 4)), PAIRS, WEIGHTS)
    assert found["cross"] == pair["cross"]


def test_next_token_scores_what_was_taught():
    logits = torch.tensor([[6.0, 2.0, 1.0, 1.0]]).log()
    found = OBJECTIVE.terms(states(spread(1, 8), logits=logits, targets=[1]), PAIRS, WEIGHTS)
    assert found["next_token"].item() == pytest.approx(math.log(5), abs=1e-6)


def test_a_term_without_weight_is_left_out():
    found = OBJECTIVE.terms(states(spread(1, 8)), PAIRS, dataclasses.replace(WEIGHTS, direct=0.0))
    assert not found


def test_the_teacher_is_asked_about_what_it_knows():
    # It knows queries "a" and "c" and the documents "red" (twice in the pool) and "green".
    names = ["a", "c", "red", "green"]
    places = {name: torch.eye(5)[at] for at, name in enumerate(names)}
    teacher = Teacher({name: at for at, name in enumerate(names)}, torch.eye(5)[:4].half())
    direct = spread(4, 8)
    for row, name in [(0, "a"), (2, "c"), (4, "red"), (6, "red"), (7, "green")]:
        direct[row] = places[name] * (row + 1)
    taught = dataclasses.replace(OBJECTIVE, teacher=teacher)
    found = taught.terms(states(direct), PAIRS, WEIGHTS)
    assert found["pointwise"].item() == pytest.approx(0, abs=1e-5)
    assert found["relational"].item() == pytest.approx(0, abs=1e-5)
    direct[2] = places["red"]  # a right angle away: query c of two, none of the documents
    moved = taught.terms(states(direct), PAIRS, WEIGHTS)
    assert moved["pointwise"].item() == pytest.approx((1 / 2 + 0) / 2, abs=1e-5)
    assert moved["relational"].item() > 0.01
    silent = dataclasses.replace(WEIGHTS, pointwise=0.0, relational=0.0)
    assert set(taught.terms(states(direct), PAIRS, silent)) == {"direct"}


def test_a_teacher_that_knows_neither_side_says_nothing():
    teacher = Teacher({"else": 0}, torch.eye(5)[:1])
    taught = dataclasses.replace(OBJECTIVE, teacher=teacher)
    assert set(taught.terms(states(spread(1, 8)), PAIRS, WEIGHTS)) == {"direct"}


def test_the_total_is_the_weighted_sum():
    terms: dict[str, Any] = {"direct": torch.tensor(2.0), "cross": torch.tensor(0.5)}
    assert total(terms, WEIGHTS).item() == pytest.approx(0.9 * 2 + 0.8 * 0.5)
