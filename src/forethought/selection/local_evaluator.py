"""A chat model of this process as evaluator: its odds of Yes against No."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import mrope_positions
from forethought.engines import LocalEngine, Prefill, bucket, extend_prefill
from forethought.errors import ContentError, ModelError
from forethought.renderers import YesNoRenderer
from forethought.selection.evaluator import PairGroup, PairScores
from forethought.types import Message, Prompt, Text


@dataclass(frozen=True, slots=True, eq=False)
class LocalEvaluator:
    """Scores a target by log p(Yes) - log p(No), each a sum over spellings (see `YesNoRenderer`).

    An input is prefilled once. What follows continues its keys and values: the targets, and
    behind each of them every rationale, and a filler of as many tokens for the score without it.
    Targets with pictures are prefilled together with the input, once for all rationales.

    Raises:
        ModelError: if the model does not answer in single tokens, or scores no tokens.
    """

    name: str
    revision: str
    engine: LocalEngine
    renderer: YesNoRenderer
    model_settings: tuple[str, ...] = ()
    num_negatives: int = 3
    _answers: tuple[tuple[int, ...], tuple[int, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_answers", self.renderer.answers())
        if not self.engine.backbone.has_lm_head:
            raise ModelError(
                f"{self.name}: the weights lack lm_head.weight, which answers; name a chat model"
            )

    @property
    def settings(self) -> tuple[str, ...]:
        """What changes a score; see `Evaluator.settings`."""
        return ("evaluator=yes-no", f"model={self.name}@{self.revision}", *self.model_settings)

    def score(self, groups: Sequence[PairGroup]) -> list[PairScores]:
        """Score every group; see `Evaluator.score`."""
        return [self._score(group) for group in groups]

    @torch.inference_mode()
    def _score(self, group: PairGroup) -> PairScores:
        side, render = group.source.side, self.renderer
        texts = [f"{one.thinking} {one.answer}" for one in group.rationales]
        endings = [render.rationale(text, side=side) for text in texts]
        fillers = [render.filler(text, side=side) for text in texts]
        # Rationales of one length have one filler.
        different = list(dict.fromkeys([*endings, *fillers]))
        pairs = self._prefill_pairs(group.source, [target.open() for target in group.targets])
        cells = list(product(range(len(pairs.token_ids)), different))
        odds = dict(zip(cells, self._odds(pairs, cells).tolist(), strict=True))
        targets = range(len(group.targets))
        return PairScores(
            after=np.array([[odds[target, ids] for target in targets] for ids in endings]),
            without=np.array([[odds[target, ids] for target in targets] for ids in fillers]),
        )

    def _prefill_pairs(self, source: Message, targets: Sequence[Message]) -> Prefill:
        """One row for each target, behind the input."""
        is_text = all(isinstance(part, Text) for one in targets for part in one.content)
        if not is_text:
            return self._prefill([self.renderer.both(source, target) for target in targets])
        return extend_prefill(
            self.engine.backbone,
            self._prefill([self.renderer.first(source)]),
            rows=[0] * len(targets),
            continuations=[self.renderer.second(target) for target in targets],
        )

    def _prefill(self, prompts: Sequence[Prompt]) -> Prefill:
        """Prefill prompts that text follows within the turn."""
        prefill = self.engine.prefill(prompts)
        placeholders = self.engine.backbone.placeholders
        # Decoding starts behind the largest position; text behind a long video does not.
        ends = [
            int(mrope_positions(one.prefix_ids, one.pictures, placeholders=placeholders)[0][0, -1])
            for one in prompts
        ]
        following = torch.tensor(ends, device=prefill.next_position.device) + 1
        return replace(prefill, next_position=following)

    def _odds(
        self, pairs: Prefill, cells: Sequence[tuple[int, tuple[int, ...]]]
    ) -> Float[Tensor, " C"]:
        """The log-odds of yes behind each row of a prefill and each ending."""
        lengths = [pairs.lengths[row] + len(ids) for row, ids in cells]
        context = self.engine.backbone.context_length
        if max(lengths) > context:
            raise ContentError(
                f"an input, a target and a rationale take {max(lengths)} tokens, the context of "
                f"{self.name} holds {context}: shorten the texts or use smaller pictures"
            )
        odds = torch.empty(len(cells))
        for part in bucket(lengths, self.engine.limits):
            last = extend_prefill(
                self.engine.backbone,
                pairs,
                rows=[cells[i][0] for i in part],
                continuations=[cells[i][1] for i in part],
                keep_cache=False,
            ).last
            # The sum over all tokens is the same in both probabilities.
            logits = self.engine.backbone.logits(last).float().cpu()
            yes, no = (logits[:, list(ids)].logsumexp(dim=1) for ids in self._answers)
            odds[part] = yes - no
        return odds
