import math
from importlib import import_module

import pytest
import torch

from forethought.losses import info_nce
from forethought.similarity import cosine

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


@pytest.mark.parametrize("block", [3, 4, 11])
def test_blocks_of_queries_have_the_loss_and_gradients_of_the_whole(block, monkeypatch):
    generator = torch.Generator().manual_seed(5)
    queries = torch.randn(11, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    documents = torch.randn(17, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    positives = torch.randperm(17, generator=generator)[:11]
    ignored = torch.rand(11, 17, generator=generator) < 0.3

    def loss():
        return info_nce(queries, documents, positives, temperature=0.3, ignored=ignored)

    expected = torch.autograd.grad(loss(), (queries, documents))
    value = loss().item()
    # The module, whose name is also the function's.
    monkeypatch.setattr(import_module("forethought.losses.info_nce"), "BLOCK", block)
    assert loss().item() == pytest.approx(value, abs=1e-12)
    torch.testing.assert_close(torch.autograd.grad(loss(), (queries, documents)), expected)


def test_the_logits_of_blocks_are_not_stored_for_the_backward_pass(monkeypatch):
    generator = torch.Generator().manual_seed(5)
    queries = torch.randn(40, 6, generator=generator, requires_grad=True)
    stored: list[int] = []

    def store(tensor):
        stored.append(tensor.numel())
        return tensor

    def numbers():
        stored.clear()
        with torch.autograd.graph.saved_tensors_hooks(store, lambda tensor: tensor):
            info_nce(queries, queries.detach(), torch.arange(40), temperature=0.3)
        return max(stored)

    assert numbers() >= 40 * 40
    monkeypatch.setattr(import_module("forethought.losses.info_nce"), "BLOCK", 10)
    # What enters a block: its queries, the documents, and its rows of the mask.
    assert numbers() <= 40 * 10


def test_autocast_does_not_round_cosines():
    generator = torch.Generator().manual_seed(5)
    queries, documents = (torch.randn(n, 8, generator=generator) for n in (5, 9))
    positives = torch.arange(5)
    expected = info_nce(queries, documents, positives, temperature=0.02)
    with torch.autocast("cpu", torch.bfloat16):
        assert info_nce(queries, documents, positives, temperature=0.02) == expected
        assert cosine(queries, documents).dtype == torch.float32
