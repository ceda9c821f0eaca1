"""The examples of a training step: a function of the seed and the step alone."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from forethought.data.example_source import ExampleSource
from forethought.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TaskBatches:
    """Draws batches of one task, with documents of different labels where there are enough.

    Negatives of another task would be told apart by their format alone. Nothing is stored
    between steps, so a resumed run draws what it would have drawn.
    """

    source: ExampleSource
    seed: int
    _indices: dict[str, dict[str, list[int]]] = field(init=False, default_factory=dict)
    _labels: dict[str, list[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for index, (task, label) in enumerate(self.source.iter_keys()):
            self._indices.setdefault(task, defaultdict(list))[label].append(index)
        # Once: a million labels take a second to sort, and every step draws from them.
        self._labels.update((task, sorted(labels)) for task, labels in self._indices.items())

    def check(self, weights: Mapping[str, float]) -> None:
        """Check that there is data, and some for every weighted task.

        Raises:
            ConfigError: if there is not.
        """
        if not self._indices:
            raise ConfigError("the data hold no examples; name a file with at least two")
        unknown = sorted(set(weights) - set(self._indices))
        if unknown:
            raise ConfigError(
                f"task weights name {unknown[0]!r}; the data's tasks are {', '.join(self._indices)}"
            )

    @property
    def _counts(self) -> dict[str, float]:
        return {
            task: float(sum(map(len, by_label.values())))
            for task, by_label in self._indices.items()
        }

    def at(self, step: int, *, weights: Mapping[str, float], size: int, part: int = 0) -> list[int]:
        """Draw the indices of at most `size` examples of one task for a part of a step.

        Args:
            weights: the odds of each task; empty for those of its number of examples.
        """
        rng = np.random.default_rng((self.seed, step, part))
        weights = weights or self._counts
        tasks = sorted(weights)
        odds = np.array([weights[task] for task in tasks], dtype=np.float64)
        task = tasks[rng.choice(len(tasks), p=odds / odds.sum())]
        by_label, labels = self._indices[task], self._labels[task]
        chosen = [labels[i] for i in rng.permutation(len(labels))[:size]]
        indices = [by_label[label][rng.integers(len(by_label[label]))] for label in chosen]
        if len(indices) < size:
            rest = sorted({i for label in labels for i in by_label[label]} - set(indices))
            more = rng.permutation(len(rest))[: size - len(indices)]
            indices += [rest[i] for i in more]
        return indices
