"""Next-token loss on plain facts, such as "Sucre is the capital of Bolivia."."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from forethought.errors import ConfigError
from forethought.losses import next_token
from forethought.nano.glyph_examples import read_texts
from forethought.renderers import ForethoughtRenderer, Tag
from forethought.training import Reader, RunContext, StepInputs

_STREAM = 2
_PER_ROW = 3


@dataclass(frozen=True, slots=True)
class Statements:
    """An objective: `count` rows of facts a step, from the `text` column of a Parquet file."""

    path: Path
    count: int

    def bind(self, run: RunContext) -> "StatementLoss":
        """Read the facts.

        Raises:
            ConfigError: if the model is not in the library's own format.
            DataError: if the file is not there.
        """
        renderer = run.encoder.renderer
        if not isinstance(renderer, ForethoughtRenderer):
            raise ConfigError(
                f"statements are written in the forethought format, and {run.encoder.name} is "
                f"{run.encoder.family.title}; leave the objective out"
            )
        texts = read_texts(self.path)
        return StatementLoss(
            reader=run.reader, renderer=renderer, texts=texts, count=self.count, seed=run.seed
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StatementLoss:
    """Scores facts where a rationale would begin."""

    reader: Reader
    renderer: ForethoughtRenderer
    texts: Sequence[str]
    count: int
    seed: int

    @property
    def opening(self) -> tuple[int, ...]:
        """The tokens that every rationale starts with."""
        return (*self.renderer.opening, self.renderer.layout.token_id(Tag.THINK))

    def rows(self, step: int) -> list[tuple[int, ...]]:
        """Facts as the start of a rationale, three in a row so that none is always first."""
        rng = np.random.default_rng((self.seed, step, _STREAM))
        rows = []
        for chosen in rng.integers(len(self.texts), size=(self.count, _PER_ROW)):
            text = " ".join(self.texts[index] for index in chosen)
            rows.append((*self.opening, *self.renderer.layout.encode_text(text)))
        return rows

    def __call__(self, inputs: StepInputs) -> Float[Tensor, ""]:
        """The mean loss of a step's facts."""
        states = self.reader.score(self.rows(inputs.number), first=len(self.opening))
        return next_token(states.logits, states.targets)
