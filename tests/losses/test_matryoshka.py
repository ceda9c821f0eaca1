import math
from functools import partial

import pytest
import torch

from forethought.losses import info_nce, matryoshka
from forethought.similarity import truncate

# Q=2, D=3: of each query's pool of P=3, the first two entries say less than all three.
QUERIES = torch.tensor([[3.0, 0.0, 4.0], [0.0, 5.0, 0.0]])
DOCUMENTS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
POSITIVES = torch.tensor([0, 1])
LOSS = partial(info_nce, positives=POSITIVES, temperature=0.5)


def product(queries, documents):
    """A loss that is not a cosine, so that lengths count."""
    return queries[0] @ documents[0]


def test_matches_a_value_worked_out_by_hand():
    # At 1 entry: 1 x 1 = 1. At 3, the query has length 5: 3/5 x 1 = 0.6.
    # (2 x 1 + 0.5 x 0.6) / 2.5 = 0.92
    documents = torch.tensor([[1.0, 0.0, 0.0]])
    found = matryoshka(product, QUERIES[:1], documents, dims=(1, 3), weights=(2.0, 0.5))
    assert found.item() == pytest.approx(0.92, abs=1e-6)


def test_info_nce_of_truncated_vectors_by_hand():
    queries = torch.tensor([[3.0, 4.0]])  # cosines at 1 entry: 1 and 1; at 2: 0.6 and 1
    documents = torch.tensor([[2.0, 0.0], [3.0, 4.0]])
    loss = partial(info_nce, positives=torch.tensor([0]), temperature=0.4)
    found = matryoshka(loss, queries, documents, dims=(1, 2), weights=(1.0, 3.0))
    both = math.log(1 + math.exp((1 - 0.6) / 0.4))
    assert found.item() == pytest.approx((math.log(2) + 3 * both) / 4, abs=1e-6)


def test_with_all_entries_alone_it_is_the_loss_whatever_the_weight():
    found = matryoshka(LOSS, QUERIES, DOCUMENTS, dims=(3,), weights=(0.3,))
    torch.testing.assert_close(found, LOSS(QUERIES, DOCUMENTS))


def test_entries_behind_the_largest_dim_get_no_gradient():
    queries = torch.randn(2, 5, generator=torch.Generator().manual_seed(4)).requires_grad_()
    documents = torch.randn(3, 5, generator=torch.Generator().manual_seed(5))
    matryoshka(LOSS, queries, documents, dims=(2, 4), weights=(1.0, 2.0)).backward()
    assert queries.grad is not None
    assert queries.grad[:, 4].abs().max() == 0
    assert (queries.grad[:, :4].abs() > 0).all()


def test_the_gradient_is_that_of_the_terms():
    made = torch.Generator().manual_seed(6)
    queries = torch.randn(2, 5, generator=made).requires_grad_()
    documents = torch.randn(3, 5, generator=made)
    matryoshka(LOSS, queries, documents, dims=(2, 5), weights=(1.0, 3.0)).backward()
    found = queries.grad
    queries.grad = None
    terms = [LOSS(truncate(queries, dim), truncate(documents, dim)) for dim in (2, 5)]
    (0.25 * terms[0] + 0.75 * terms[1]).backward()
    torch.testing.assert_close(found, queries.grad)


def test_equals_sentence_transformers_divided_by_the_weights():
    pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss

    class Fixed(torch.nn.Module):
        """What their loss asks of a model; its features are the vectors."""

        def get_embedding_dimension(self):
            return 6

        def forward(self, features):
            return {"sentence_embedding": features["vectors"]}

    class Contrastive(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, features, labels):
            queries, documents = (
                self.model.forward(each)["sentence_embedding"] for each in features
            )
            return info_nce(queries, documents, labels, temperature=0.1)

    made = torch.Generator().manual_seed(8)
    queries, documents = (torch.randn(n, 6, generator=made) for n in (4, 7))
    positives = torch.tensor([3, 0, 6, 2])
    model = Fixed()
    theirs = MatryoshkaLoss(model, Contrastive(model), [6, 4, 1], [1.0, 2.0, 0.7])
    expected = theirs([{"vectors": queries}, {"vectors": documents}], positives)
    ours = matryoshka(
        partial(info_nce, positives=positives, temperature=0.1),
        queries,
        documents,
        dims=(1, 4, 6),
        weights=(0.7, 2.0, 1.0),
    )
    torch.testing.assert_close(ours, expected / 3.7)


@pytest.mark.parametrize(
    ("dims", "weights", "message"),
    [
        ((), (), r"at least one, each above the last, got \(\)"),
        ((2, 2), (1.0, 1.0), r"each above the last, got \(2, 2\)"),
        ((3, 1), (1.0, 1.0), r"each above the last, got \(3, 1\)"),
        ((0, 2), (1.0, 1.0), r"from 1 to the vectors' 3, got \(0, 2\)"),
        ((2, 4), (1.0, 1.0), r"from 1 to the vectors' 3, got \(2, 4\)"),
        ((1, 2, 3), (1.0, 2.0), "3 dims have 2 weights"),
        ((1, 2), (1.0, 0.0), r"weights must be positive, got \(1.0, 0.0\)"),
        ((1, 2), (1.0, math.nan), "weights must be positive"),
    ],
)
def test_what_cannot_be_meant_is_refused(dims, weights, message):
    with pytest.raises(ValueError, match=message):
        matryoshka(LOSS, QUERIES, DOCUMENTS, dims=dims, weights=weights)


def test_a_vector_that_is_zero_once_truncated_is_refused():
    # Document 2 has its only entry at the third place.
    with pytest.raises(ValueError, match="zero or not finite"):
        matryoshka(LOSS, QUERIES, DOCUMENTS, dims=(2, 3), weights=(1.0, 1.0))
