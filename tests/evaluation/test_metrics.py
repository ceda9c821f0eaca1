import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.errors import DataError
from forethought.evaluation import METRICS, hit_at, ndcg_at, ranked_grades, recall_at

# Q=2, C=5. Query 0 has relevant documents at 1, 3 and 4, query 1 only at 0.
SCORES = np.array([[0.9, 0.8, 0.1, 0.5, -0.2], [0.3, 0.3, 0.7, 0.2, 0.1]])
GRADES = np.array([[0, 1, 0, 1, 1], [1, 0, 0, 0, 0]], dtype=float)
# Query 0 ranks 0 1 3 2 4. Query 1 ranks 2, then 0 and 1 tie, and the relevant 0 comes after.
RANKED = np.array([[0, 1, 1, 0, 1], [0, 0, 1, 0, 0]], dtype=float)


def measure(scores, grades):
    ranked = ranked_grades(scores, grades)
    return {name: metric(ranked) for name, metric in METRICS.items()}


def test_ranks_by_score_and_puts_the_relevant_last_among_equals():
    assert ranked_grades(SCORES, GRADES).tolist() == RANKED.tolist()


def test_a_higher_grade_ranks_last_among_equals():
    scores, grades = np.array([[0.5, 0.5, 0.5, 0.9]]), np.array([[2.0, 0.0, 3.0, 1.0]])
    assert ranked_grades(scores, grades).tolist() == [[1.0, 0.0, 2.0, 3.0]]


def test_what_fills_a_short_row_ranks_last():
    scores = np.array([[-np.inf, 0.1, 0.2], [0.2, 0.1, 0.3]])
    grades = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    assert ranked_grades(scores, grades).tolist() == [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]


def test_hit_looks_for_any_relevant_document_among_the_first():
    assert hit_at(RANKED, k=1).tolist() == [0.0, 0.0]
    assert hit_at(RANKED, k=2).tolist() == [1.0, 0.0]


def test_recall_is_a_share_of_all_that_is_relevant():
    # Query 0 finds 2 of its 3 in three ranks, query 1 its only one.
    assert recall_at(RANKED, k=3).tolist() == pytest.approx([2 / 3, 1.0])
    assert recall_at(RANKED, k=10).tolist() == [1.0, 1.0]


def test_ndcg_matches_values_worked_out_by_hand():
    # Query 0: ranks 2 and 3 of the first three; three relevant, so the ideal fills all three:
    # (1/log2 3 + 1/log2 4) / (1/log2 2 + 1/log2 3 + 1/log2 4) = 1.130930 / 2.130930.
    # Query 1: rank 3, one relevant: (1/log2 4) / 1 = 0.5.
    assert ndcg_at(RANKED, k=3).tolist() == pytest.approx([0.530721, 0.5], abs=1e-6)
    # Beyond the pool's five ranks: query 0 adds 1/log2 6 = 0.386853 above.
    assert ndcg_at(RANKED, k=9)[0] == pytest.approx((1.130930 + 1 / math.log2(6)) / 2.130930)


def test_ndcg_weighs_grades():
    # Grades 1 then 3 where 3, 2, 1 is ideal, to rank 2:
    # (1 + 3/log2 3) / (3 + 2/log2 3) = 2.892789 / 4.261860.
    assert ndcg_at(np.array([[1.0, 3.0, 0.0, 2.0]]), k=2)[0] == pytest.approx(0.678762, abs=1e-6)
    # Half of each grade is the same ranking.
    assert ndcg_at(np.array([[0.5, 1.5, 0.0, 1.0]]), k=2)[0] == pytest.approx(0.678762, abs=1e-6)


def test_other_metrics_ask_only_whether_a_grade_is_positive():
    graded = RANKED * np.array([[0.5], [3.0]])
    assert hit_at(graded, k=2).tolist() == hit_at(RANKED, k=2).tolist()
    assert recall_at(graded, k=3).tolist() == recall_at(RANKED, k=3).tolist()


def test_a_relevant_document_first_in_every_rank_is_perfect():
    for values in measure(np.where(GRADES > 0, 0.4, 0.3), GRADES).values():
        assert values.tolist()[1] == 1.0


def test_equal_scores_everywhere_are_never_a_hit():
    measured = measure(np.full((2, 5), 0.7), GRADES)
    assert measured["hit@1"].tolist() == [0.0, 0.0]
    # Query 1's only relevant document comes fifth: 1/log2 6.
    assert measured["ndcg@5"][1] == pytest.approx(1 / math.log2(6))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.floats(0.01, 100.0))
def test_neither_the_order_of_the_pool_nor_the_scale_of_scores_matters(seed, scale):
    generator = np.random.default_rng(seed)
    scores = generator.integers(-3, 4, size=(4, 13)) / 4  # few values: many ties
    grades = generator.integers(0, 3, size=(4, 13)) * (generator.random((4, 13)) < 0.3)
    grades = grades.astype(float)
    grades[:, 5] = 1.0
    order = generator.permutation(13)
    expected = measure(scores, grades)
    for found in (
        measure(scores[:, order], grades[:, order]),
        measure(scores * scale, grades),
    ):
        for name in METRICS:
            assert found[name].tolist() == expected[name].tolist()


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000))
def test_the_best_relevant_rank_follows_the_documented_rule(seed):
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, 4, size=(3, 7)) / 4
    relevant = generator.random((3, 7)) < 0.3
    relevant[:, 2] = True
    ranked = ranked_grades(scores, relevant.astype(float))
    for row in range(3):
        best = scores[row][relevant[row]].max()
        rank = 1 + int((scores[row][~relevant[row]] >= best).sum())
        assert ranked[row].argmax() + 1 == rank


def test_refuses_scores_of_broken_vectors():
    with pytest.raises(DataError, match="1 of 2 queries have NaN scores"):
        ranked_grades(np.where(SCORES == 0.7, np.nan, SCORES), GRADES)
