"""Fit a gate on held-out pairs: think where thinking gained more than it cost."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from forethought.data import GlyphPairs, Pair
from forethought.encoders import LogisticGate, ReasoningEncoder
from forethought.training.recipe import GateSettings
from forethought.types import Side, Think


def fit_gate(
    encoder: ReasoningEncoder, source: GlyphPairs, settings: GateSettings, *, decay: float = 1e-2
) -> LogisticGate:
    """Learn from each pair's reciprocal rank among its task's documents, direct and thought."""
    vectors, pays = utility(encoder, source, settings)
    weight, bias = fit_logistic(vectors, pays, decay=decay)
    share = float(pays.float().mean())
    told = (
        f"{len(pays)} {source.split} pairs; thinking paid for {share:.1%} of them at "
        f"{settings.price} reciprocal rank a token"
    )
    return LogisticGate(weight, bias, settings.threshold, told)


def utility(
    encoder: ReasoningEncoder, source: GlyphPairs, settings: GateSettings
) -> tuple[Float[Tensor, "N D"], Bool[Tensor, " N"]]:
    """Direct query vectors, and for which of them thinking gained more than its tokens cost."""
    by_task: dict[str, list[Pair]] = defaultdict(list)
    for pair in source.pairs:
        by_task[pair.task].append(pair)
    vectors, pays = [], []
    for pairs in by_task.values():
        examples = [source.example(pair) for pair in pairs]
        documents = encoder.encode(
            [example.document for example in examples], side=Side.DOCUMENT, think=Think.NEVER
        )
        queries = [example.query for example in examples]
        direct = encoder.encode(queries, side=Side.QUERY, think=Think.NEVER)
        thought = encoder.encode(queries, side=Side.QUERY, think=Think.ALWAYS)
        gain = reciprocal_rank(thought.vectors, documents.vectors, pairs) - reciprocal_rank(
            direct.vectors, documents.vectors, pairs
        )
        vectors.append(torch.from_numpy(direct.vectors))
        pays.append(torch.from_numpy(gain > settings.price * thought.tokens))
    return torch.cat(vectors), torch.cat(pays)


def reciprocal_rank(
    queries: Float[np.ndarray, "Q D"], documents: Float[np.ndarray, "Q D"], pairs: Sequence[Pair]
) -> Float[np.ndarray, " Q"]:
    """One over the place of each query's own concept among all documents; ties count against."""
    concepts = np.array([pair.answer for pair in pairs])
    scores = (queries @ documents.T).astype(np.float64)
    same = concepts[:, None] == concepts[None]
    best = np.where(same, scores, -np.inf).max(axis=1)
    rollout_interval = ((scores >= best[:, None]) & ~same).sum(axis=1)
    found: Float[np.ndarray, " Q"] = 1.0 / (1 + rollout_interval)
    return found


def fit_logistic(
    vectors: Float[Tensor, "N D"], labels: Bool[Tensor, " N"], *, decay: float
) -> tuple[Float[Tensor, " D"], float]:
    """Logistic regression with an L2 penalty of `decay` on the weights, by L-BFGS."""
    weight = torch.zeros(vectors.shape[1], requires_grad=True)
    bias = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        scores = vectors @ weight + bias
        loss = F.binary_cross_entropy_with_logits(scores, labels.float())
        loss = loss + decay * weight.square().sum() / 2
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.item()
