"""Scores of encoders on benchmarks, with intervals and the protocol behind them."""

from forethought.evaluation.annotations import (
    evenly_spaced,
    files_revision,
    read_rows,
    select_tasks,
)
from forethought.evaluation.benchmark import Benchmark, EvalItem, EvalTask
from forethought.evaluation.bootstrap import Interval, mean_interval, paired_difference
from forethought.evaluation.evaluate import TaskResult, evaluate
from forethought.evaluation.metrics import (
    METRICS,
    Metric,
    hit_at,
    ndcg_at,
    ranked_grades,
    recall_at,
)
from forethought.evaluation.mmeb_folder import MmebFolder, read_mmeb
from forethought.evaluation.photo_folder import PhotoFolder, read_photos
from forethought.evaluation.plot import plot_bars
from forethought.evaluation.protocol import describe_encoder, protocol
from forethought.evaluation.ranking import Ranking
from forethought.evaluation.report import Report, compose, write_json
from forethought.evaluation.report_tables import markdown, terminal_tables
from forethought.evaluation.scores import candidate_scores, cosines
from forethought.evaluation.seeds import compose_seeds, mean_over_seeds

__all__ = [
    "METRICS",
    "Benchmark",
    "EvalItem",
    "EvalTask",
    "Interval",
    "Metric",
    "MmebFolder",
    "PhotoFolder",
    "Ranking",
    "Report",
    "TaskResult",
    "candidate_scores",
    "compose",
    "compose_seeds",
    "cosines",
    "describe_encoder",
    "evaluate",
    "evenly_spaced",
    "files_revision",
    "hit_at",
    "markdown",
    "mean_interval",
    "mean_over_seeds",
    "ndcg_at",
    "paired_difference",
    "plot_bars",
    "protocol",
    "ranked_grades",
    "read_mmeb",
    "read_photos",
    "read_rows",
    "recall_at",
    "select_tasks",
    "terminal_tables",
    "write_json",
]
