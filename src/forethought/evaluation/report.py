"""A report: means of every system on every task, paired differences, and the protocol."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from forethought.evaluation.bootstrap import paired_difference
from forethought.evaluation.evaluate import TaskResult
from forethought.evaluation.protocol import POOLED, SEED
from forethought.files import write_text
from forethought.types import Ending, Think

Record = dict[str, Any]
"""A flat row of a report, as it is written to JSON."""

_BY_COST = (Think.NEVER, Think.AUTO, Think.ALWAYS)


@dataclass(frozen=True, slots=True)
class Report:
    """Flat records of means and of differences; `metrics` are their keys, headline first.

    Where one system was trained with several seeds, `rows` holds a row for each of them, and
    `summary` a row for each system: the mean over seeds, with the standard deviations between them.
    """

    metrics: tuple[str, ...]
    protocol: Record
    rows: tuple[Record, ...]
    differences: tuple[Record, ...]
    summary: tuple[Record, ...] = ()


def compose(results: Sequence[TaskResult], protocol: Record) -> Report:
    """Report every system, and compare the first model with itself and with the others.

    Each of the first model's modes is compared with its own cheaper modes and with every other
    model; splits with several tasks get one more row, over the queries of all of them.
    """
    return Report(tuple(results[0].metrics), protocol, mean_rows(results), compare(results))


def mean_rows(results: Sequence[TaskResult]) -> tuple[Record, ...]:
    """The means of every system on every task and split, and on the tasks of a split pooled."""
    everything = [*results, *_pooled(results)]
    keys = dict.fromkeys((result.task, result.split) for result in everything)
    return tuple(_row(one) for key in keys for one in everything if (one.task, one.split) == key)


def compare(results: Sequence[TaskResult]) -> tuple[Record, ...]:
    """Paired differences of the first model to its own cheaper modes and to the others."""
    everything = [*results, *_pooled(results)]
    keys = dict.fromkeys((result.task, result.split) for result in everything)
    found = {(result.task, result.split, result.system): result for result in everything}
    return tuple(
        difference
        for key in keys
        for a, b in _pairs(results)
        for difference in _differences(found[*key, a], found[*key, b])
    )


def write_json(report: Report, path: Path) -> None:
    """Write the report as JSON, atomically.

    Raises:
        DataError: if the file cannot be written.
    """
    write_text(path, json.dumps(asdict(report), indent=1, allow_nan=False) + "\n")


def _pooled(results: Sequence[TaskResult]) -> list[TaskResult]:
    groups: dict[tuple[str, str], list[TaskResult]] = {}
    for result in results:
        groups.setdefault((result.split, result.system), []).append(result)
    return [_pool(group) for group in groups.values() if len(group) > 1]


def _pool(group: Sequence[TaskResult]) -> TaskResult:
    endings: Counter[Ending] = Counter()
    for result in group:
        endings.update(result.endings)
    first = group[0]
    return TaskResult(
        model=first.model,
        think=first.think,
        task=POOLED,
        split=first.split,
        metrics={
            name: np.concatenate([result.metrics[name] for result in group])
            for name in first.metrics
        },
        tokens=np.concatenate([result.tokens for result in group]),
        exact=np.concatenate([result.exact for result in group]),
        endings=dict(endings),
    )


def _row(result: TaskResult) -> Record:
    return {
        "model": result.model,
        "task": result.task,
        "split": result.split,
        "think": str(result.think),
        "queries": len(result.tokens),
        **{name: float(values.mean()) for name, values in result.metrics.items()},
        "tokens": float(result.tokens.mean()),
        "exact": _share(result.exact),
        "endings": {str(ending): result.endings.get(ending, 0) for ending in Ending},
    }


def _share(exact: Float[np.ndarray, " Q"]) -> float | None:
    """The share of exact answers among the queries that were thought about, None without any."""
    known = exact[~np.isnan(exact)]
    return float(known.mean()) if known.size else None


def _pairs(results: Sequence[TaskResult]) -> list[tuple[str, str]]:
    first = results[0].model
    by_mode = {result.think: result.system for result in results if result.model == first}
    modes = [by_mode[think] for think in _BY_COST if think in by_mode]
    others = dict.fromkeys(result.system for result in results if result.model != first)
    within = [(more, less) for less, more in combinations(modes, 2)]
    return within + [(mode, other) for other in others for mode in modes]


def _differences(a: TaskResult, b: TaskResult) -> list[Record]:
    return [
        {"task": a.task, "split": a.split, "metric": metric, "a": a.system, "b": b.system}
        | asdict(paired_difference(a.metrics[metric], b.metrics[metric], seed=SEED))
        for metric in a.metrics
    ]
