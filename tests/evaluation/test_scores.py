import numpy as np
import pytest

from forethought.evaluation import EvalItem, EvalTask, candidate_scores, cosines

QUERIES = np.array([[3.0, 4.0], [0.0, 0.5], [7.0, 0.0]], dtype=np.float32)
DOCUMENTS = np.array([[0.1, 0.0], [-6.0, 8.0]], dtype=np.float32)
# (3, 4)/5 to (1, 0) is 0.6, to (-0.6, 0.8) is 0.28.
COSINES = [[0.6, 0.28], [0.0, 0.8], [1.0, -0.6]]


def test_a_cosine_does_not_depend_on_lengths():
    assert cosines(QUERIES, DOCUMENTS) == pytest.approx(np.array(COSINES), abs=1e-6)


def test_scores_follow_each_querys_list_and_end_with_minus_infinity():
    task = EvalTask(
        name="lists",
        split="test",
        queries=tuple(EvalItem("find", text) for text in "abc"),
        documents=(EvalItem("", "x"), EvalItem("", "y")),
        relevance=({0: 1.0}, {1: 1.0}, {1: 1.0}),
        candidates=((1, 0), (1,), (0, 1)),
    )
    scores = candidate_scores(task, QUERIES, DOCUMENTS)
    expected = np.array([[0.28, 0.6], [0.8, -np.inf], [1.0, -0.6]])
    assert scores == pytest.approx(expected, abs=1e-6)
    assert np.isneginf(task.grades()).sum() == 0
    assert task.grades().tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
