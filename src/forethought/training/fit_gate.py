"""Fit a gate on held-out examples: think where a rationale gains more than its tokens cost."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from forethought.data import ExampleSource
from forethought.encoders import LogisticGate, ReasoningEncoder, check_thinking
from forethought.training.recipe import GateSettings
from forethought.types import OpenProgress, Progress, Side, Think, no_progress

DECAY = 1e-2
"""The L2 penalty on the gate's weights, per example."""


def fit_gate(
    encoder: ReasoningEncoder,
    settings: GateSettings,
    *,
    open_progress: OpenProgress = no_progress,
) -> LogisticGate:
    """Predict from a direct query vector whether a rationale pays.

    Gain is in reciprocal rank among the positives of the query's task.
    """
    source = settings.data.source
    with open_progress(f"fitting the gate on {len(source)} held-out examples") as progress:
        vectors, pays = utility(encoder, source, price=settings.price, progress=progress)
    weight, bias = fit_logistic(vectors, pays, decay=DECAY)
    share = float(pays.float().mean())
    fitted_on = (
        f"{len(pays)} held-out examples; thinking paid for {share:.1%} of them at "
        f"{settings.price} reciprocal rank a token"
    )
    return LogisticGate(weight, bias, settings.threshold, fitted_on)


def utility(
    encoder: ReasoningEncoder,
    source: ExampleSource,
    *,
    price: float,
    progress: Progress | None = None,
) -> tuple[Float[Tensor, "N D"], Bool[Tensor, " N"]]:
    """Direct query vectors, and for which of them thinking gained more than its tokens cost.

    Args:
        progress: called with the queries that were thought about, the examples, and the task.
    """
    for think in (Think.NEVER, Think.ALWAYS):
        check_thinking(encoder, queries=think, documents=Think.NEVER)
    by_task: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(source.iter_keys()):
        by_task[key.task].append(index)
    vectors, pays = [], []
    done = 0
    for task, indices in by_task.items():
        examples = [source[index] for index in indices]
        documents = encoder.encode(
            [example.positives[0].message for example in examples],
            side=Side.DOCUMENT,
            think=Think.NEVER,
        ).vectors
        queries = [example.query for example in examples]
        labels = [example.positives[0].label for example in examples]
        direct = encoder.encode(queries, side=Side.QUERY, think=Think.NEVER)
        thought = encoder.encode(
            queries,
            side=Side.QUERY,
            think=Think.ALWAYS,
            progress=progress and partial(_report, progress, done, len(source), task),
        )
        done += len(queries)
        gain = reciprocal_rank(thought.vectors, documents, labels) - reciprocal_rank(
            direct.vectors, documents, labels
        )
        vectors.append(torch.from_numpy(direct.vectors))
        pays.append(torch.from_numpy(gain > price * thought.tokens))
    return torch.cat(vectors), torch.cat(pays)


def _report(  # noqa: PLR0917 - the last three are a Progress's
    progress: Progress, before: int, total: int, task: str, done: int, _: int, __: str = "", /
) -> None:
    """Report the progress within a task as that within all tasks."""
    progress(before + done, total, task)


def reciprocal_rank(
    queries: Float[np.ndarray, "Q D"], documents: Float[np.ndarray, "Q D"], labels: Sequence[str]
) -> Float[np.ndarray, " Q"]:
    """One over the rank of each query's best positive among all documents; ties count against."""
    names = np.array(labels)
    scores = (queries @ documents.T).astype(np.float64)
    same = names[:, None] == names[None]
    best = np.where(same, scores, -np.inf).max(axis=1)
    ahead = ((scores >= best[:, None]) & ~same).sum(axis=1)
    found: Float[np.ndarray, " Q"] = 1.0 / (1 + ahead)
    return found


def fit_logistic(
    vectors: Float[Tensor, "N D"], labels: Bool[Tensor, " N"], *, decay: float
) -> tuple[Float[Tensor, " D"], float]:
    """Logistic regression with an L2 penalty of `decay` on the weights, as mean loss has it.

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
    model.fit(vectors.double().numpy(), labels.numpy())
    return torch.from_numpy(model.coef_[0]).float(), float(model.intercept_[0])
