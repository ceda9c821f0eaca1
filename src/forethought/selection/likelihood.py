"""How likely a model finds a rationale: a choice that does not depend on the target."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from forethought.encoders import ReasoningEncoder
from forethought.engines import log_likelihoods
from forethought.selection.completions import completion_batches, run_completions
from forethought.selection.evaluator import PairGroup


@dataclass(frozen=True, slots=True, eq=False)
class RationaleLikelihood:
    """Scores a rationale by its mean log-likelihood per token behind the prompt of its input."""

    encoder: ReasoningEncoder

    @property
    def settings(self) -> tuple[str, ...]:
        """Everything that changes a score, as "name=value"."""
        return (
            "evaluator=likelihood",
            f"model={self.encoder.name}@{self.encoder.revision}",
            *self.encoder.settings,
        )

    @torch.inference_mode()
    def score(self, groups: Sequence[PairGroup]) -> list[list[float]]:
        """The score of every rationale of each group, in nats per token; targets are not read.

        Raises:
            ContentError: if an input and a rationale exceed the model's context.
            ModelError: if the model writes no rationales.
        """
        scores: dict[int, list[float]] = {}
        for batch in completion_batches(self.encoder, groups):
            sums = run_completions(self.encoder, batch, log_likelihoods)
            means = sums / torch.tensor([len(ids) for ids in batch.completions])
            parts = torch.split(means, batch.counts)
            scores |= {i: part.tolist() for i, part in zip(batch.indices, parts, strict=True)}
        return [scores[index] for index in range(len(groups))]
