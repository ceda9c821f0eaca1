"""Which pairs are learned from at which step: a function of the seed and the step alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from forethought.errors import ConfigError
from forethought.nano.glyph_examples import Pair


@dataclass(frozen=True, slots=True)
class TaskBatches:
    """Batches of one task each, its documents all with different answers where it has enough.

    A batch holds one task so that telling the tasks apart wins nothing. Nothing is kept
    between steps: a run that is resumed sees what it would have seen.
    """

    pairs: Sequence[Pair]
    seed: int
    _rows: dict[str, dict[str, list[int]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for index, pair in enumerate(self.pairs):
            answers = self._rows.setdefault(pair.task, defaultdict(list))
            answers[pair.answer].append(index)

    def check(self, weights: Mapping[str, float]) -> None:
        """Make sure that every weighted task has pairs.

        Raises:
            ConfigError: if one has none.
        """
        unknown = sorted(set(weights) - set(self._rows))
        if unknown:
            raise ConfigError(
                f"task weights name {unknown[0]!r}; the data's tasks are {', '.join(self._rows)}"
            )

    def at(self, step: int, *, weights: Mapping[str, float], size: int) -> list[Pair]:
        """Draw at most `size` pairs for a step, of a task drawn by its weight."""
        rng = np.random.default_rng((self.seed, step))
        tasks = sorted(weights)
        odds = np.array([weights[task] for task in tasks])
        answers = self._rows[tasks[rng.choice(len(tasks), p=odds / odds.sum())]]
        names = sorted(answers)
        drawn = [names[i] for i in rng.permutation(len(names))[:size]]
        rows = [answers[name][rng.integers(len(answers[name]))] for name in drawn]
        if len(rows) < size:
            rest = sorted({row for name in names for row in answers[name]} - set(rows))
            more = rng.permutation(len(rest))[: size - len(rows)]
            rows += [rest[i] for i in more]
        return [self.pairs[row] for row in rows]
