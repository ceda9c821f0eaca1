import math

import pytest
import torch

from forethought.losses import info_nce

QUERIES = torch.tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0]])  # Q=2, D=4
DOCUMENTS = torch.eye(4)[:3] * 5  # P=3: each query's positive, and one negative
POSITIVES = torch.tensor([0, 1])


def test_matches_a_value_worked_out_by_hand():
    # Cosine is 1 to a query's positive and 0 to the two others, so at temperature one
    # half the loss is log(e^2 + 2) - 2.
    loss = info_nce(QUERIES, DOCUMENTS, POSITIVES, temperature=0.5)
    assert loss.item() == pytest.approx(math.log(math.exp(2) + 2) - 2, abs=1e-6)


def test_positives_are_indices_into_the_documents():
    # Query 0 has document 2, of cosine 0, query 1 document 1, of cosine 1: two less only for it,
    # so one less on average.
    loss = info_nce(QUERIES, DOCUMENTS, torch.tensor([2, 1]), temperature=0.5)
    assert loss.item() == pytest.approx(math.log(math.exp(2) + 2) - 1, abs=1e-6)


def test_an_ignored_document_is_no_negative():
    # Query 0 loses one of its two negatives: log(e^2 + 1) - 2 beside log(e^2 + 2) - 2.
    ignored = torch.tensor([[False, False, True], [False, False, False]])
    loss = info_nce(QUERIES, DOCUMENTS, POSITIVES, temperature=0.5, ignored=ignored)
    expected = (math.log(math.exp(2) + 1) + math.log(math.exp(2) + 2)) / 2 - 2
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_a_positive_is_never_ignored():
    ignored = torch.tensor([[True, False, False], [False, True, False]])
    found = info_nce(QUERIES, DOCUMENTS, POSITIVES, temperature=0.5, ignored=ignored)
    assert found == info_nce(QUERIES, DOCUMENTS, POSITIVES, temperature=0.5)


def test_with_every_other_document_ignored_nothing_is_left_to_learn():
    queries = QUERIES.clone().requires_grad_()
    everyone = torch.ones(2, 3, dtype=torch.bool)
    loss = info_nce(queries, DOCUMENTS, POSITIVES, temperature=0.5, ignored=everyone)
    loss.backward()
    assert loss.item() == 0
    assert queries.grad is not None
    assert queries.grad.abs().max() == 0


def test_the_length_of_a_vector_makes_no_difference():
    loss = info_nce(QUERIES * 7, DOCUMENTS * 0.3, POSITIVES, temperature=0.2)
    expected = info_nce(QUERIES, DOCUMENTS, POSITIVES, temperature=0.2)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("temperature", [0.0, -0.1])
def test_a_temperature_that_is_not_positive_is_refused(temperature):
    with pytest.raises(ValueError, match=f"temperature must be positive, got {temperature}"):
        info_nce(QUERIES, DOCUMENTS, POSITIVES, temperature=temperature)
