"""The report of the training benchmark: every figure, with everything that it depends on."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.table import Table

from benchmarks import train_comparison
from benchmarks.result_tables import plain_table, threshold_table
from benchmarks.results import Result
from benchmarks.thresholds import Threshold, faster, slower
from benchmarks.train_memory import StepMemory, growth
from benchmarks.train_setups import TINY

GRAD_CACHE_LIMIT = 1.4
"""A forward pass more: a third of the time of a forward and a backward pass."""


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What ran where, the rate of each case, and the memory of a step."""

    setting: dict[str, Any]
    results: tuple[Result, ...] = ()
    memory: tuple[StepMemory, ...] = ()

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """The limits of all that was measured."""
        groups: dict[str, dict[str, Result]] = {}
        for result in self.results:
            groups.setdefault(result.group, {})[result.name] = result
        found = [limit for named in groups.values() for limit in _limits(named)]
        return (*found, *growth(self.memory))


def _limits(named: dict[str, Result]) -> list[Threshold]:
    ours = named[train_comparison.OURS]
    found = [
        *(
            faster(f"{ours.group}: pairs a second / {name}", ours, named[name], limit=1.0)
            for name in (train_comparison.TRAINER, train_comparison.SPARSE_TRAINER)
        ),
        slower(
            f"{ours.group}: time with GradCache / without",
            ours,
            named[train_comparison.GRAD_CACHE],
            limit=GRAD_CACHE_LIMIT,
        ),
    ]
    # The time of a few small kernels is that of Python.
    return [replace(limit, applies=not ours.group.endswith(TINY)) for limit in found]


def as_json(report: TrainReport) -> str:
    """The whole report, with the figures derived from its rounds."""
    payload = {
        "setting": report.setting,
        "results": [_result(result) for result in report.results],
        "memory": [asdict(row) for row in report.memory],
        "thresholds": [asdict(limit) | {"verdict": limit.verdict} for limit in report.thresholds],
    }
    return json.dumps(payload, indent=1, allow_nan=False) + "\n"


def _result(result: Result) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "setup": result.group,
        "case": result.name,
        "batch": result.batch,
        "pairs": result.inputs,
        "tokens": result.tokens,
        "padding": result.padding,
        "note": result.note,
    }
    if result.times:
        payload |= {"seconds": list(result.times.seconds), "median": result.times.median}
        payload |= {"pairs_per_second": result.rate}
        payload |= {"tokens_per_second": result.tokens / result.times.median}
    return payload


def tables(report: TrainReport) -> tuple[Table, ...]:
    """Every table that has a row."""
    found = [_rates(report), _memory(report), threshold_table(report.thresholds)]
    return tuple(table for table in found if table.row_count)


def _rates(report: TrainReport) -> Table:
    columns = ("case", "batch", "pairs/s", "tokens/s", "s a round (min-max)", "padding", "note")
    table = plain_table("Training steps", *columns)
    group = ""
    for result in report.results:
        if result.group != group:
            group = result.group
            table.add_row(f"[bold]{group}[/bold]")
        table.add_row(f"  {result.name}", str(result.batch), *_cells(result), result.note)
    return table


def _cells(result: Result) -> tuple[str, str, str, str]:
    if result.times is None:
        return ("", "", "", "")
    times = result.times
    return (
        f"{result.rate:.1f}",
        f"{result.tokens / times.median:.0f}",
        f"{times.median:.3f} ({times.low:.3f}-{times.high:.3f})",
        "" if result.padding is None else f"{result.padding:.1%}",
    )


def _memory(report: TrainReport) -> Table:
    columns = ("setup", "pairs", "without", "with GradCache", "note")
    table = plain_table("Peak of a step's activations", *columns)
    for row in report.memory:
        sizes = (_mebibytes(row.plain), _mebibytes(row.grad_cache))
        table.add_row(row.setup, str(row.pairs), *sizes, row.note)
    return table


def _mebibytes(size: int | None) -> str:
    return "" if size is None else f"{size / 2**20:.1f} MiB"
