import numpy as np
import pytest

from forethought.errors import ContractError
from forethought.types import nearest as module
from forethought.types.nearest import nearest, unit_rows


def test_rows_have_unit_length_whatever_their_scale():
    # 3-4-5, at scales whose squares leave float32.
    found = unit_rows(np.array([[3e-30, 4e-30], [3e30, 4e30]], np.float32), (None, None), "queries")
    assert found.dtype == np.float32
    assert found == pytest.approx(np.array([[0.6, 0.8], [0.6, 0.8]]), abs=1e-6)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_row_without_a_direction_is_named(value):
    vectors = np.array([[1, 2]] + [[value, value]] * 7, dtype=np.float32)
    rule = r"7 of 8 documents have no vector \(rows 1, 2, 3, 4, 5, \.\.\.; row 1: zero or not fin"
    with pytest.raises(ContractError, match=rule):
        unit_rows(vectors, (None,) * 8, "documents")


def test_equal_scores_are_ranked_by_position():
    documents = np.array([[0, 1], [1, 0], [0, 1], [1, 0], [1, 0]], dtype=np.float32)
    (hits,) = nearest(np.array([[1, 0]], dtype=np.float32), documents, 2)
    assert [(hit.index, hit.score) for hit in hits] == [(1, 1.0), (3, 1.0)]


def test_blocks_of_queries_rank_as_all_at_once(monkeypatch):
    rng = np.random.default_rng(3)
    queries, documents = rng.standard_normal((7, 4)), rng.standard_normal((11, 4))
    whole = nearest(queries, documents, 5)
    monkeypatch.setattr(module, "_BLOCK", 23)  # two queries at a time
    assert [[hit.index for hit in hits] for hits in nearest(queries, documents, 5)] == [
        [hit.index for hit in hits] for hits in whole
    ]
    assert [hit.index for hit in whole[2]] == np.argsort(-(queries @ documents.T)[2])[:5].tolist()


def test_there_may_be_no_documents():
    assert nearest(np.ones((2, 3)), np.ones((0, 3)), 4) == [[], []]
