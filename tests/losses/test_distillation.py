import math

import pytest
import torch

from forethought.losses import pointwise, relational

QUERIES = torch.tensor([[3.0, 0.0], [0.0, 2.0], [1.0, 1.0]])  # Q=3, D=2
DOCUMENTS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [2.0, 1.0]])  # P=4


def lifted(vectors):
    """The same angles in three dimensions: rotated, scaled, one axis empty."""
    axes = torch.tensor([[0.0, 0.0, 4.0], [4.0, 0.0, 0.0]])
    return vectors @ axes


def compare(queries, documents, temperature=0.5, teacher=(QUERIES, DOCUMENTS)):
    return relational(
        queries,
        documents,
        target_queries=lifted(teacher[0]),
        target_documents=lifted(teacher[1]),
        temperature=temperature,
    )


def test_pointwise_is_one_less_the_mean_cosine():
    # Cosines 1, 0 and 1 / sqrt(2).
    targets = torch.tensor([[9.0, 0.0], [0.5, 0.0], [0.0, 3.0]])
    expected = 1 - (1 + 0 + 1 / math.sqrt(2)) / 3
    assert pointwise(QUERIES, targets).item() == pytest.approx(expected, abs=1e-6)


def test_relational_is_zero_where_the_pool_is_ranked_as_the_teacher_ranks_it():
    assert compare(QUERIES, DOCUMENTS).item() == pytest.approx(0, abs=1e-6)


def test_relational_is_positive_anywhere_else():
    assert compare(QUERIES.flip(1), DOCUMENTS).item() > 0.1


def test_relational_matches_a_value_worked_out_by_hand():
    # One query, two documents. Ours: cosines 1 and 0 at temperature 1/2, so odds e^2 : 1; the
    # teacher: cosines 0 and 1, so 1 : e^2. With p = e^2 / (e^2 + 1) the divergence is
    # (1 - p) log((1 - p) / p) + p log(p / (1 - p)) = (2p - 1) * 2.
    p = math.exp(2) / (math.exp(2) + 1)
    loss = compare(QUERIES[:1], DOCUMENTS[:2], teacher=(QUERIES[1:2], DOCUMENTS[:2]))
    assert loss.item() == pytest.approx((2 * p - 1) * 2, abs=1e-5)


def test_a_temperature_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="temperature must be positive, got -2"):
        compare(QUERIES, DOCUMENTS, temperature=-2.0)
