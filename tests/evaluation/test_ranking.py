import numpy as np

from forethought.evaluation.benchmark import EvalItem, EvalTask
from forethought.evaluation.ranking import rank
from forethought.evaluation.scores import candidate_scores


def task(candidates=None) -> EvalTask:
    return EvalTask(
        name="t",
        split="s",
        queries=tuple(EvalItem("", str(number)) for number in range(2)),
        documents=tuple(EvalItem("", str(number)) for number in range(12)),
        relevance=({11: 1.0}, {2: 1.0, 5: 2.0}),
        candidates=candidates,
    )


def test_the_best_relevant_document_has_a_rank_from_one():
    scores = np.array([np.arange(12.0), -np.arange(12.0)])
    ranking = rank(task(), scores, task().grades())
    assert ranking.best.tolist() == [1, 3]
    assert ranking.first.tolist() == [list(range(11, 1, -1)), list(range(10))]


def test_a_relevant_document_loses_a_tie():
    ranking = rank(task(), np.zeros((2, 12)), task().grades())
    assert ranking.best.tolist() == [12, 11]


def test_candidates_are_named_by_their_document():
    listed = task(((3, 11), (5, 2, 7)))
    queries, documents = np.eye(2), np.ones((12, 2))
    documents[[11, 7]] = [[1.0, -0.5], [-0.5, 1.0]]
    scores = candidate_scores(listed, queries, documents)
    ranking = rank(listed, scores, listed.grades())
    # The first query has one candidate fewer.
    assert ranking.first.tolist() == [[11, 3, -1], [7, 2, 5]]
    assert ranking.best.tolist() == [1, 2]
