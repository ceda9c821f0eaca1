import numpy as np
import pytest
import torch
import torch.nn.functional as F

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training.fit_gate import fit_gate, fit_logistic, reciprocal_rank, utility
from tests import tiny


def test_the_rank_counts_documents_of_other_labels_and_ties_against():
    queries = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.6, 0.8]])
    documents = np.array([[0.8, 0.6], [0.0, 1.0], [1.0, 0.0], [0.8, 0.6]])
    # Cosines of each query with the four documents, its positives in brackets ("a" has two):
    # a (0.8) 0 (1.0) 0.8: its best, 1.0, is above all, so 1.
    # b 0.6 (1.0) 0 0.6: first, so 1.
    # a (0.8) 0 (1.0) 0.8: again 1.
    # c 0.96 0.8 0.6 (0.96): the first document ties with its positive, so second: 1/2.
    found = reciprocal_rank(queries, documents, ["a", "b", "a", "c"])
    assert found.tolist() == [1, 1, 1, 0.5]


def test_a_query_far_from_its_positive_comes_last():
    # The document of "b" is a right angle away, behind both others: third.
    queries = np.array([[1.0, 0.0], [1.0, 0.0], [0.8, 0.6]])
    documents = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]])
    found = reciprocal_rank(queries, documents, ["a", "b", "c"])
    assert found.tolist() == [1, pytest.approx(1 / 3), 1]


def test_a_line_is_found_between_what_can_be_separated():
    generator = torch.Generator().manual_seed(1)
    vectors = torch.randn(60, 3, generator=generator)
    labels = vectors @ torch.tensor([2.0, -1.0, 0.5]) > 0.3
    weight, bias = fit_logistic(vectors, labels, decay=1e-4)
    assert torch.equal(vectors @ weight + bias > 0, labels)
    cosine = torch.cosine_similarity(weight, torch.tensor([2.0, -1.0, 0.5]), dim=0)
    assert cosine > 0.97


def test_decay_makes_the_weights_small_and_leaves_the_base_rate():
    vectors = torch.randn(50, 2, generator=torch.Generator().manual_seed(2))
    labels = torch.arange(50) % 5 == 0
    weight, bias = fit_logistic(vectors, labels, decay=100.0)
    assert weight.norm() < 0.01
    # Without the vectors the odds are one to four.
    assert torch.sigmoid(torch.tensor(bias)).item() == pytest.approx(0.2, abs=1e-3)


def test_the_fit_minimises_mean_loss_and_half_the_decay_times_the_squared_norm():
    vectors = torch.randn(70, 5, generator=torch.Generator().manual_seed(3))
    noise = torch.randn(70, generator=torch.Generator().manual_seed(4))
    labels = vectors[:, 0] + noise > 0.4
    weight, bias = fit_logistic(vectors, labels, decay=0.03)
    weight = weight.double().requires_grad_()
    offset = torch.tensor(bias, dtype=torch.float64, requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(vectors.double() @ weight + offset, labels.double())
    (loss + 0.03 * weight.square().sum() / 2).backward()
    assert weight.grad is not None
    assert offset.grad is not None
    assert weight.grad.abs().max() < 1e-5
    assert offset.grad.abs() < 1e-5


@pytest.mark.parametrize(("label", "odds"), [(True, 8.5 / 0.5), (False, 0.5 / 8.5)])
def test_where_all_labels_are_alike_only_the_bias_is_fitted(label, odds):
    vectors = torch.randn(8, 3, generator=torch.Generator().manual_seed(2))
    weight, bias = fit_logistic(vectors, torch.full((8,), label), decay=0.1)
    assert weight.tolist() == [0, 0, 0]
    assert bias == pytest.approx(np.log(odds))


def test_thinking_pays_where_it_gains_more_than_its_tokens_cost(tiny_encoder, tiny_data):
    source = GlyphExamples(tiny_data, "dev")
    vectors, pays = utility(tiny_encoder, source, price=0.002)
    assert vectors.shape == (28, 32)
    np.testing.assert_allclose(vectors.norm(dim=1).numpy(), 1, atol=1e-6)
    # What costs more than anything can gain never pays; at a negative price all does.
    assert not utility(tiny_encoder, source, price=1.0)[1].any()
    assert utility(tiny_encoder, source, price=-1.0)[1].all()
    assert 0 <= pays.float().mean() < 1


def test_a_gate_records_on_what_it_was_fitted(tiny_encoder, tiny_data):
    settings = tiny.recipe(tiny_data).gate
    assert settings is not None
    gate = fit_gate(tiny_encoder, settings)
    assert gate.threshold == 0.4
    assert gate.weight.shape == (32,)
    assert gate.fitted_on.startswith("28 held-out examples; thinking paid for ")
    assert gate.fitted_on.endswith("at 0.002 reciprocal rank a token")
