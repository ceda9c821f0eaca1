"""An embedding model as evaluator: how far a rationale moves the vector towards its target."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.encoders import ReasoningEncoder, check_thinking
from forethought.engines import teacher_force_prefill
from forethought.errors import ConfigError, DataError
from forethought.selection.completions import completion_batches, run_completions
from forethought.selection.evaluator import PairGroup, PairScores, Target
from forethought.similarity import normalize
from forethought.types import Side, Think

MAX_VECTORS = 200_000
"""The most vectors of targets that stay in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingEvaluator:
    """Scores a target by its log-odds against the negatives, in the softmax of cosines.

    c(q, t, r) = cos(e, z_t) / τ - log Σ_j exp(cos(e, z_j) / τ), over the negatives j. e is the
    vector of the input after the rationale, or its direct vector where there is none, z_t the
    target's direct vector. One pass over a prompt gives its direct vector, and the keys and
    values that all its rationales continue.

    The scores returned are those of the positive and of the `num_hard` negatives that are closest
    to the input without a rationale: a distant one that comes closer is still distant.

    `side` is the side of the inputs. `temperature` is τ: that of training, as it scales all
    effects alike.

    Raises:
        ConfigError: if the temperature is not positive.
        ModelError: if the model writes no rationales on this side.
        ContractError: if it does not align thought vectors with direct ones.
    """

    encoder: ReasoningEncoder
    side: Side = Side.QUERY
    temperature: float = 0.05
    num_negatives: int = 64
    num_hard: int = 3
    _vectors: dict[str, Float[Tensor, " H"]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ConfigError(f"the temperature must be positive, got {self.temperature}")
        thinks = {side: Think.ALWAYS if side is self.side else Think.NEVER for side in Side}
        check_thinking(self.encoder, queries=thinks[Side.QUERY], documents=thinks[Side.DOCUMENT])

    @property
    def settings(self) -> tuple[str, ...]:
        """What changes a score; see `Evaluator.settings`."""
        return (
            "evaluator=embedding",
            f"model={self.encoder.name}@{self.encoder.revision}",
            f"temperature={self.temperature:g}",
            f"hard={self.num_hard}",
            *self.encoder.settings,
        )

    @torch.inference_mode()
    def score(self, groups: Sequence[PairGroup]) -> list[PairScores]:
        """Score every group; see `Evaluator.score`.

        Raises:
            DataError: if a group has no negatives.
        """
        if any(len(group.targets) < 2 for group in groups):
            raise DataError(
                "an embedding model scores a target against negatives, and this task has none: all "
                "its documents have one label; add negatives, or use another evaluator"
            )
        self._embed(target for group in groups for target in group.targets)
        scores: dict[int, PairScores] = {}
        for batch in completion_batches(self.encoder, groups):
            thought = run_completions(self.encoder, batch, teacher_force_prefill)
            after = torch.split(thought, batch.counts)
            direct = torch.split(batch.prefill.direct.float().cpu(), 1)
            for index, without, states in zip(batch.indices, direct, after, strict=True):
                scores[index] = self._scores(groups[index], without, states)
        return [scores[index] for index in range(len(groups))]

    def _scores(
        self, group: PairGroup, without: Float[Tensor, "1 H"], after: Float[Tensor, "R H"]
    ) -> PairScores:
        targets = torch.stack([self._vectors[target.digest] for target in group.targets])
        cosines = normalize(torch.cat([without, after])) @ targets.T
        scaled = cosines.double() / self.temperature
        odds = scaled - scaled[:, 1:].logsumexp(dim=1, keepdim=True)
        hard = odds[0, 1:].argsort(descending=True, stable=True)[: self.num_hard] + 1
        columns = odds[:, [0, *hard.tolist()]].numpy()
        return PairScores(columns[1:], columns[:1].repeat(len(after), axis=0))

    def _embed(self, targets: Iterable[Target]) -> None:
        """Add the vectors of targets that have none yet."""
        if len(self._vectors) > MAX_VECTORS:
            self._vectors.clear()
        new = {one.digest: one for one in targets if one.digest not in self._vectors}
        if new:
            other = Side.DOCUMENT if self.side is Side.QUERY else Side.QUERY
            messages = [one.open() for one in new.values()]
            found = self.encoder.encode(messages, side=other, think=Think.NEVER)
            self._vectors.update(zip(new, torch.from_numpy(found.vectors), strict=True))
