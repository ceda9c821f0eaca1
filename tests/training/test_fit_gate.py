from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training.fit_gate import fit_gate, fit_logistic, reciprocal_rank, utility
from forethought.types import Example, Message, Side, Text
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
    weight, bias = fit_logistic(vectors, labels, weights=torch.ones(60), decay=1e-4)
    assert torch.equal(vectors @ weight + bias > 0, labels)
    cosine = torch.cosine_similarity(weight, torch.tensor([2.0, -1.0, 0.5]), dim=0)
    assert cosine > 0.97


def test_decay_makes_the_weights_small_and_leaves_the_base_rate():
    vectors = torch.randn(50, 2, generator=torch.Generator().manual_seed(2))
    labels = torch.arange(50) % 5 == 0
    weight, bias = fit_logistic(vectors, labels, weights=torch.ones(50), decay=100.0)
    assert weight.norm() < 0.01
    # Without the vectors the odds are one to four.
    assert torch.sigmoid(torch.tensor(bias)).item() == pytest.approx(0.2, abs=1e-3)


def test_the_fit_minimises_weighted_mean_loss_and_half_the_decay_times_the_squared_norm():
    vectors = torch.randn(70, 5, generator=torch.Generator().manual_seed(3))
    noise = torch.randn(70, generator=torch.Generator().manual_seed(4))
    labels = vectors[:, 0] + noise > 0.4
    weights = torch.rand(70, generator=torch.Generator().manual_seed(5))
    weight, bias = fit_logistic(vectors, labels, weights=weights, decay=0.03)
    weight = weight.double().requires_grad_()
    offset = torch.tensor(bias, dtype=torch.float64, requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(
        vectors.double() @ weight + offset, labels.double(), (weights / weights.mean()).double()
    )
    (loss + 0.03 * weight.square().sum() / 2).backward()
    assert weight.grad is not None
    assert offset.grad is not None
    assert weight.grad.abs().max() < 1e-5
    assert offset.grad.abs() < 1e-5


@pytest.mark.parametrize(("label", "odds"), [(True, 8.5 / 0.5), (False, 0.5 / 8.5)])
def test_where_all_labels_are_alike_only_the_bias_is_fitted(label, odds):
    vectors = torch.randn(8, 3, generator=torch.Generator().manual_seed(2))
    weights = torch.linspace(0.1, 0.8, 8)
    weight, bias = fit_logistic(vectors, torch.full((8,), label), weights=weights, decay=0.1)
    assert weight.tolist() == [0, 0, 0]
    assert bias == pytest.approx(np.log(odds))


def test_an_example_weighs_as_much_as_it_gains_or_loses():
    # Alike as far as the vectors tell: three lose 0.1 each, one gains 0.9.
    vectors = torch.ones(4, 2)
    net = torch.tensor([-0.1, 0.9, -0.1, -0.1])
    weight, bias = fit_logistic(vectors, net > 0, weights=net.abs(), decay=100.0)
    odds = vectors[0] @ weight + bias
    assert torch.sigmoid(odds).item() == pytest.approx(0.75, abs=1e-3)


def test_documents_of_the_pool_with_new_labels_are_ranked_too():
    # Without the pool the query of "a" is first; "c" of the pool stands ahead of it.
    queries, documents = np.array([[1.0, 0.0]]), np.array([[0.6, 0.8], [1.0, 0.0]])
    assert reciprocal_rank(queries, documents[:1], ["a"]).tolist() == [1]
    assert reciprocal_rank(queries, documents, ["a", "c"]).tolist() == [0.5]


def test_what_thinking_gains_is_less_by_the_price_of_its_tokens(tiny_encoder, tiny_data):
    source = GlyphExamples(tiny_data, "dev")
    vectors, net = utility(tiny_encoder, source, price=0.002)
    assert vectors.shape == (28, 32)
    np.testing.assert_allclose(vectors.norm(dim=1).numpy(), 1, atol=1e-6)
    queries = [source[index].query for index in range(28)]
    tokens = tiny_encoder.encode(queries, side="query", think="always").tokens
    _, free = utility(tiny_encoder, source, price=0.0)
    np.testing.assert_allclose((free - net).numpy(), 0.002 * tokens, atol=1e-6)


def test_queries_rank_one_document_of_each_label_that_only_the_pool_has(tiny_encoder, tiny_data):
    source = list(GlyphExamples(tiny_data, "dev"))
    known = source[0].positives[0].label

    def named(label: str, words: str) -> Example:
        message = Message((Text(words),), "Text.", Side.DOCUMENT)
        return replace(
            source[0], positives=(replace(source[0].positives[0], message=message, label=label),)
        )

    pool = [named("x", "green"), named(known, "blue"), named("x", "red"), named("y", "square")]
    calls: list[tuple[int, int]] = []
    _, net = utility(
        tiny_encoder,
        GlyphExamples(tiny_data, "dev"),
        price=0.0,
        pool=pool,
        progress=lambda done, total, _="": calls.append((done, total)),
    )
    documents = [example.positives[0] for example in (*source, pool[0], pool[3])]
    ranked = tiny_encoder.encode([d.message for d in documents], side="document", think="never")
    before, after = (
        reciprocal_rank(
            tiny_encoder.encode([e.query for e in source], side="query", think=think).vectors,
            ranked.vectors,
            [document.label for document in documents],
        )
        for think in ("never", "always")
    )
    np.testing.assert_allclose(net.numpy(), after - before, atol=1e-6)
    assert calls[-1] == (28, 28)


def test_a_gate_records_on_what_it_was_fitted(tiny_encoder, tiny_data):
    settings = tiny.recipe(tiny_data).gate
    assert settings is not None
    gate = fit_gate(tiny_encoder, settings)
    assert gate.threshold == 0.4
    assert gate.weight.shape == (32,)
    assert gate.fitted_on.startswith("28 held-out examples; thinking paid for ")
    assert gate.fitted_on.endswith("at 0.002 reciprocal rank a token")
