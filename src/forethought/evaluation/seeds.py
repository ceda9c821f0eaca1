"""One system trained with several seeds: the mean over seeds, and what varies between them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Num

from forethought.evaluation.evaluate import TaskResult
from forethought.evaluation.report import Record, Report, compare, mean_rows
from forethought.types import Ending

SEEDS_RULE = {
    "mean": "over seeds of each seed's mean over queries",
    "deviation": "sample standard deviation between seeds",
    "interval": "of the mean over seeds of each query; queries are resampled, seeds are not",
}
"""How the numbers of several seeds are put together, as reports print it."""


def compose_seeds(
    runs: Mapping[int, Sequence[TaskResult]], others: Sequence[TaskResult], protocol: Record
) -> Report:
    """Report the runs of one system by their seeds, beside other systems.

    Args:
        runs: the results of each seed, on the same tasks and in the same order.
        others: results of other systems, which have no seeds.
    """
    by_seed = [{"seed": seed} | row for seed, results in runs.items() for row in mean_rows(results)]
    other_rows = [{"seed": None} | row for row in mean_rows(others)] if others else []
    first = next(iter(runs.values()))
    return Report(
        metrics=tuple(first[0].metrics),
        protocol=protocol | {"seeds": {"values": list(runs)} | SEEDS_RULE},
        rows=(*by_seed, *other_rows),
        differences=compare([*mean_over_seeds(runs), *others]),
        summary=_summary([*by_seed, *other_rows], (*first[0].metrics, "tokens", "exact")),
    )


def mean_over_seeds(runs: Mapping[int, Sequence[TaskResult]]) -> list[TaskResult]:
    """The mean over seeds of every query, for each task, split and mode; endings are summed."""
    return [_mean(group) for group in zip(*runs.values(), strict=True)]


def _mean(group: Sequence[TaskResult]) -> TaskResult:
    first = group[0]
    return replace(
        first,
        metrics={name: _over([one.metrics[name] for one in group]) for name in first.metrics},
        tokens=_over([one.tokens for one in group]),
        exact=_over([one.exact for one in group]),
        endings={ending: sum(one.endings.get(ending, 0) for one in group) for ending in Ending},
    )


def _over(values: Sequence[Num[np.ndarray, " Q"]]) -> Float[np.ndarray, " Q"]:
    """The mean over seeds of each query, without those that are NaN."""
    stacked = np.array(values, dtype=np.float64)
    known = ~np.isnan(stacked)
    counts = known.sum(0)
    means: Float[np.ndarray, " Q"] = np.full(stacked.shape[1], np.nan)
    np.divide(np.where(known, stacked, 0.0).sum(0), counts, out=means, where=counts > 0)
    return means


def _summary(rows: Sequence[Record], keys: Sequence[str]) -> tuple[Record, ...]:
    groups: dict[tuple[str, ...], list[Record]] = {}
    for row in rows:
        key = (row["task"], row["split"], row["model"], row["think"])
        groups.setdefault(key, []).append(row)
    labels = dict.fromkeys((row["task"], row["split"]) for row in rows)
    return tuple(
        _summarised(group, keys)
        for label in labels
        for key, group in groups.items()
        if key[:2] == label
    )


def _summarised(group: Sequence[Record], keys: Sequence[str]) -> Record:
    known = {key: [row[key] for row in group if row[key] is not None] for key in keys}
    means = {key: float(np.mean(found)) if found else None for key, found in known.items()}
    spreads = {
        key: float(np.std(found, ddof=1)) if len(found) > 1 else None
        for key, found in known.items()
    }
    endings = {
        ending: sum(row["endings"][ending] for row in group) for ending in group[0]["endings"]
    }
    row = {key: value for key, value in group[0].items() if key != "seed"}
    return row | means | {"endings": endings, "seeds": len(group), "deviations": spreads}
