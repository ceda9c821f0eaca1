"""The scores of trained objectives, as docs/training.json holds them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from forethought import config
from forethought.evaluation import Interval, paired_difference
from forethought.files import write_text

_SEED = 20_261_127


@dataclass(frozen=True, slots=True)
class PooledScore:
    """hit@1 over the queries of some tasks and splits.

    `seeds` is the mean of each seed, `queries` that of each query over the seeds, `exact` each
    seed's share of rationales whose answer is right, if any were written, and `wrong` its hit@1
    over the queries whose answer is wrong.
    """

    name: str
    seeds: tuple[float, ...]
    queries: tuple[float, ...]
    exact: tuple[float, ...] = ()
    wrong: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """The mean over queries and seeds."""
        return float(np.mean(self.seeds))

    @property
    def deviation(self) -> float:
        """The sample standard deviation between seeds; 0 of one."""
        return float(np.std(self.seeds, ddof=1)) if len(self.seeds) > 1 else 0.0

    @property
    def values(self) -> Float[np.ndarray, " Q"]:
        """The score of each query."""
        return np.array(self.queries)


@dataclass(frozen=True, slots=True)
class ObjectiveResult:
    """A recipe's models in one mode of queries, `think`, against `documents` in another.

    `seconds` is how long each seed trained, `tokens` the mean of a query's rationale.
    """

    variant: str
    label: str
    think: str
    documents: str
    seconds: tuple[float, ...]
    tokens: float
    pools: tuple[PooledScore, ...]

    def pool(self, name: str) -> PooledScore:
        """The scores of one pool."""
        return next(pool for pool in self.pools if pool.name == name)

    def difference(self, other: "ObjectiveResult", pool: str) -> Interval:
        """The paired difference to another result, with its 95 % interval over queries."""
        mine, theirs = self.pool(pool).values, other.pool(pool).values
        return paired_difference(mine, theirs, seed=_SEED)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """All results, in the order in which they were measured."""

    results: tuple[ObjectiveResult, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "ResultFile":
        """Read a file; one that is not there has no results."""
        if not path.exists():
            return cls()
        return config.build(json.loads(path.read_text()), cls, where=str(path))

    def write(self, path: Path) -> None:
        """Write the file, a result a line."""
        lines = ",\n".join(json.dumps(config.dump(result)) for result in self.results)
        write_text(path, f'{{"results": [\n{lines}\n]}}\n')

    def with_result(self, result: ObjectiveResult) -> "ResultFile":
        """These results, with one added or replaced."""
        key = (result.variant, result.think)
        others = [one for one in self.results if (one.variant, one.think) != key]
        return ResultFile((*others, result))

    def find(self, variant: str, think: str) -> ObjectiveResult | None:
        """One result, if it was measured."""
        found = (one for one in self.results if (one.variant, one.think) == (variant, think))
        return next(found, None)
