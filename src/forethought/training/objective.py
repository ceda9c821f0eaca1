"""The loss of one step: what is read, and how it is weighed."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.data import Pair
from forethought.losses import info_nce, next_token, pointwise, relational
from forethought.training.batch_builder import Teacher
from forethought.training.forward import States
from forethought.training.recipe import Weights

Terms = dict[str, Float[Tensor, ""]]


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """Weighs the terms of a step.

    They are InfoNCE on direct and thought vectors and across the two modes, next-token loss,
    and a teacher's place for each input.
    """

    temperature: float
    teacher_temperature: float
    teacher: Teacher | None

    def terms(self, states: States, pairs: Sequence[Pair], weights: Weights) -> Terms:
        """Every term that has something to say; rows are all queries, then all documents."""
        pool = len(pairs)
        queries, documents = states.direct[:pool], states.direct[pool:]
        ignored = same_answer(pairs).to(queries.device)
        terms: Terms = {}
        if weights.direct:
            terms["direct"] = self._both_ways(queries, documents, ignored)
        if len(states.thought):
            terms |= self._thought_terms(states, pool, ignored)
        if len(states.targets):
            terms["next_token"] = next_token(states.logits, states.targets)
        if self.teacher and (weights.pointwise or weights.relational):
            terms |= self._teacher_terms(self.teacher, states, pairs)
        return terms

    def _both_ways(
        self, queries: Tensor, documents: Tensor, ignored: Bool[Tensor, "Q Q"]
    ) -> Float[Tensor, ""]:
        own = torch.arange(len(queries), device=queries.device)
        there = info_nce(queries, documents, own, temperature=self.temperature, ignored=ignored)
        back = info_nce(documents, queries, own, temperature=self.temperature, ignored=ignored.T)
        return (there + back) / 2

    def _thought_terms(self, states: States, pool: int, ignored: Bool[Tensor, "Q Q"]) -> Terms:
        # States of thought come in the reader's order: bring each side into the pairs' order.
        place = {row: at for at, row in enumerate(states.thinking)}
        rows = sorted(row for row in place if row < pool and row + pool in place)
        pairs = torch.tensor(rows, dtype=torch.long, device=ignored.device)
        queries = states.thought[[place[row] for row in rows]]
        documents = states.thought[[place[row + pool] for row in rows]]
        direct_queries, direct_documents = states.direct[:pool], states.direct[pool:]
        to_direct = info_nce(
            queries, direct_documents, pairs, temperature=self.temperature, ignored=ignored[pairs]
        )
        from_direct = info_nce(
            documents, direct_queries, pairs, temperature=self.temperature, ignored=ignored.T[pairs]
        )
        among = self._both_ways(queries, documents, ignored[pairs][:, pairs])
        return {"thought": among, "cross": (to_direct + from_direct) / 2}

    def _teacher_terms(self, teacher: Teacher, states: States, pairs: Sequence[Pair]) -> Terms:
        queries, documents = states.direct[: len(pairs)], states.direct[len(pairs) :]
        asked, taught_queries = teacher.of([pair.query_key for pair in pairs])
        found, taught_documents = teacher.of([pair.document_key for pair in pairs])
        if not asked or not found:
            return {}
        taught_queries = taught_queries.to(queries.device)
        taught_documents = taught_documents.to(queries.device)
        return {
            "pointwise": (
                pointwise(queries[asked], taught_queries)
                + pointwise(documents[found], taught_documents)
            )
            / 2,
            "relational": relational(
                queries[asked],
                documents[found],
                taught_queries=taught_queries,
                taught_documents=taught_documents,
                temperature=self.teacher_temperature,
            ),
        }


def total(terms: Terms, weights: Weights) -> Float[Tensor, ""]:
    """The weighted sum of a step's terms."""
    return torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()


def same_answer(pairs: Sequence[Pair]) -> Bool[Tensor, "Q Q"]:
    """Which documents of a batch answer which queries as well as their own does."""
    numbers: dict[str, int] = {}
    answers: Int[Tensor, " Q"] = torch.tensor(
        [numbers.setdefault(pair.answer, len(numbers)) for pair in pairs]
    )
    return answers[:, None] == answers[None]
