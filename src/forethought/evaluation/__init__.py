"""Judging: encoders on the embedded benchmark, with intervals and their protocol."""

from forethought.evaluation.bootstrap import Interval, mean_interval, paired_difference
from forethought.evaluation.judge import Judged, cosines, judge, num_items
from forethought.evaluation.metrics import METRICS, hit_at, measure, ndcg_at, ranked, recall_at
from forethought.evaluation.report import (
    Report,
    compose,
    describe,
    protocol,
    write_json,
    write_text,
)
from forethought.evaluation.tables import markdown, terminal
from forethought.nano.benchmark import Benchmark, Item, Task, read

__all__ = [
    "METRICS",
    "Benchmark",
    "Interval",
    "Item",
    "Judged",
    "Report",
    "Task",
    "compose",
    "cosines",
    "describe",
    "hit_at",
    "judge",
    "markdown",
    "mean_interval",
    "measure",
    "ndcg_at",
    "num_items",
    "paired_difference",
    "protocol",
    "ranked",
    "read",
    "recall_at",
    "terminal",
    "write_json",
    "write_text",
]
