import dataclasses

import numpy as np
import pytest
import torch

from forethought.data import GlyphPairs, Pair
from forethought.training.gate import fit_gate, fit_logistic, reciprocal_rank, utility
from tests import tiny

EMPTY = Pair(*("",) * len(dataclasses.fields(Pair)))


def about(*concepts):
    return [dataclasses.replace(EMPTY, document_concept=concept) for concept in concepts]


def test_the_rank_counts_documents_of_other_answers_and_ties_against():
    queries = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.6, 0.8]])
    documents = np.array([[0.8, 0.6], [0.0, 1.0], [1.0, 0.0], [0.8, 0.6]])
    # Cosines of each query with the four documents, its own in brackets ("a" has two):
    # a (0.8) 0 (1.0) 0.8: its best, 1.0, is ahead of all, so 1.
    # b 0.6 (1.0) 0 0.6: first, so 1.
    # a (0.8) 0 (1.0) 0.8: again 1.
    # c 0.96 0.8 0.6 (0.96): the first document ties with its own, so second: 1/2.
    found = reciprocal_rank(queries, documents, about("a", "b", "a", "c"))
    assert found.tolist() == [1, 1, 1, 0.5]


def test_a_query_far_from_its_own_document_comes_last():
    # b asks, but its document is a right angle away behind both others: third.
    queries = np.array([[1.0, 0.0], [1.0, 0.0], [0.8, 0.6]])
    documents = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]])
    found = reciprocal_rank(queries, documents, about("a", "b", "c"))
    assert found.tolist() == [1, pytest.approx(1 / 3), 1]


def test_a_line_is_found_between_what_can_be_told_apart():
    generator = torch.Generator().manual_seed(1)
    vectors = torch.randn(60, 3, generator=generator)
    labels = vectors @ torch.tensor([2.0, -1.0, 0.5]) > 0.3
    weight, bias = fit_logistic(vectors, labels, decay=1e-4)
    assert torch.equal(vectors @ weight + bias > 0, labels)
    cosine = torch.cosine_similarity(weight, torch.tensor([2.0, -1.0, 0.5]), dim=0)
    assert cosine > 0.97


def test_decay_keeps_the_weights_small_and_the_base_rate_right():
    vectors = torch.randn(50, 2, generator=torch.Generator().manual_seed(2))
    labels = torch.arange(50) % 5 == 0
    weight, bias = fit_logistic(vectors, labels, decay=100.0)
    assert weight.norm() < 0.01
    # With no say of the vectors the odds are one to four.
    assert torch.sigmoid(torch.tensor(bias)).item() == pytest.approx(0.2, abs=1e-3)


@pytest.fixture(scope="module")
def source(tiny_data):
    return GlyphPairs(tiny_data, "dev")


def test_thinking_pays_where_it_gains_more_than_its_tokens_cost(tiny_encoder, source):
    settings = tiny.recipe(source.folder).gate
    vectors, pays = utility(tiny_encoder, source, settings)
    assert vectors.shape == (28, 32)
    np.testing.assert_allclose(vectors.norm(dim=1).numpy(), 1, atol=1e-6)
    # What costs more than anything can gain never pays; what is paid for always does.
    assert not utility(tiny_encoder, source, dataclasses.replace(settings, price=1.0))[1].any()
    assert utility(tiny_encoder, source, dataclasses.replace(settings, price=-1.0))[1].all()
    assert 0 <= pays.float().mean() < 1


def test_a_gate_says_on_what_it_was_fitted(tiny_encoder, source):
    gate = fit_gate(tiny_encoder, source, tiny.recipe(source.folder).gate)
    assert gate.threshold == 0.4
    assert gate.weight.shape == (32,)
    assert gate.fitted_on.startswith("28 dev pairs; thinking paid for ")
    assert gate.fitted_on.endswith("at 0.002 reciprocal rank a token")
