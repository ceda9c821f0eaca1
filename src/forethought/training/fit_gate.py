"""Fit a gate on held-out examples: think where a rationale gains more than its tokens cost."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from forethought.data import ExampleSource
from forethought.encoders import LogisticGate, ReasoningEncoder, check_thinking
from forethought.training.recipe import GateSettings
from forethought.types import (
    Document,
    Example,
    OpenProgress,
    Progress,
    Side,
    Think,
    ignore_progress,
    no_progress,
)

DECAY = 1e-2
"""The L2 penalty on the gate's weights, per example."""


def fit_gate(
    encoder: ReasoningEncoder,
    settings: GateSettings,
    *,
    open_progress: OpenProgress = no_progress,
) -> LogisticGate:
    """Predict from a direct query vector whether a rationale pays.

    Each example weighs as much as it gains or loses, so that the threshold of one half stands
    where thinking is expected to gain what its tokens cost (Zadrozny et al. 2003,
    cost-proportionate weighting).
    """
    source = settings.data.source
    with open_progress(f"fitting the gate on {len(source)} held-out examples") as progress:
        vectors, net = utility(
            encoder,
            source,
            price=settings.price,
            pool=settings.pool.source if settings.pool else (),
            progress=progress,
        )
    weight, bias = fit_logistic(vectors, net > 0, weights=net.abs(), decay=DECAY)
    share = float((net > 0).float().mean())
    fitted_on = (
        f"{len(net)} held-out examples; thinking paid for {share:.1%} of them at "
        f"{settings.price} reciprocal rank a token"
    )
    return LogisticGate(weight, bias, settings.threshold, fitted_on)


def utility(
    encoder: ReasoningEncoder,
    source: ExampleSource,
    *,
    price: float,
    pool: Iterable[Example] = (),
    progress: Progress = ignore_progress,
) -> tuple[Float[Tensor, "N D"], Float[Tensor, " N"]]:
    """Direct query vectors, and what thinking gained in reciprocal rank less what its tokens cost.

    Each query ranks the documents of all examples, and those of the pool whose labels no example
    has: among a few, a direct vector finds what it would miss among many.

    Args:
        progress: called with the queries that were thought about, and the examples.
    """
    for think in (Think.NEVER, Think.ALWAYS):
        check_thinking(encoder, queries=think, documents=Think.NEVER)
    examples = [source[index] for index in range(len(source))]
    ranked = [example.positives[0] for example in examples]
    ranked += _new_documents(pool, {document.label for document in ranked})
    documents = encoder.encode(
        [document.message for document in ranked], side=Side.DOCUMENT, think=Think.NEVER
    ).vectors
    queries = [example.query for example in examples]
    direct = encoder.encode(queries, side=Side.QUERY, think=Think.NEVER)
    thought = encoder.encode(queries, side=Side.QUERY, think=Think.ALWAYS, progress=progress)
    labels = [document.label for document in ranked]
    before, after = (
        reciprocal_rank(vectors, documents, labels) for vectors in (direct.vectors, thought.vectors)
    )
    net = after - before - price * thought.tokens
    return torch.from_numpy(direct.vectors), torch.from_numpy(net).float()


def _new_documents(pool: Iterable[Example], known: set[str]) -> list[Document]:
    """One document of each label that is not known."""
    first: dict[str, Document] = {}
    for example in pool:
        document = example.positives[0]
        if document.label not in known:
            first.setdefault(document.label, document)
    return list(first.values())


def reciprocal_rank(
    queries: Float[np.ndarray, "Q D"], documents: Float[np.ndarray, "P D"], labels: Sequence[str]
) -> Float[np.ndarray, " Q"]:
    """One over the rank of each query's best positive among all documents; ties count against.

    `labels` are the documents', the queries' first: a query and a document of one label match.
    """
    names = np.array(labels)
    scores = (queries @ documents.T).astype(np.float64)
    same = names[: len(queries), None] == names[None]
    best = np.where(same, scores, -np.inf).max(axis=1)
    ahead = ((scores >= best[:, None]) & ~same).sum(axis=1)
    found: Float[np.ndarray, " Q"] = 1.0 / (1 + ahead)
    return found


def fit_logistic(
    vectors: Float[Tensor, "N D"],
    labels: Bool[Tensor, " N"],
    *,
    weights: Float[Tensor, " N"],
    decay: float,
) -> tuple[Float[Tensor, " D"], float]:
    """Logistic regression on a weighted mean loss, with an L2 penalty of `decay`.

    Where all labels are alike, the weights are zero and the bias is the log-odds with half an
    example added to either side.
    """
    positives = int(labels.sum())
    if positives in {0, len(labels)}:
        odds = (positives + 0.5) / (len(labels) - positives + 0.5)
        return torch.zeros(vectors.shape[1]), float(np.log(odds))
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - an extra of `train`

    # It sums the loss over examples and halves the squared norm: C is one over both.
    model = LogisticRegression(C=1 / (decay * len(labels)), tol=1e-8, max_iter=1000)
    scaled = weights.double() / weights.double().mean()
    model.fit(vectors.double().numpy(), labels.numpy(), sample_weight=scaled.numpy())
    return torch.from_numpy(model.coef_[0]).float(), float(model.intercept_[0])
