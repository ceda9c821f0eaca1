"""What a judging found, under which protocol: rows, paired differences, one JSON file."""

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from forethought.encoders import Encoder, ReasoningEncoder
from forethought.errors import DataError
from forethought.evaluation.bootstrap import COVERAGE, RESAMPLES, paired_difference
from forethought.evaluation.judge import SCORE_DECIMALS, Judged
from forethought.evaluation.metrics import METRICS, TIE_RULE
from forethought.types import Ending, Think

POOLED = "all"
"""The task of a row that holds every query of a split: its means are over queries."""

SEED = 20_260

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Flat rows, flat differences, and everything the numbers depend on."""

    protocol: Row
    rows: tuple[Row, ...]
    differences: tuple[Row, ...]


def compose(judged: Sequence[Judged], protocol: Row) -> Report:
    """Report systems and pair them, the first model being the one in question.

    It is set against itself in each mode that thinks less, and against every other model.
    """
    every = [*judged, *_pooled(judged)]
    places = {(one.task, one.split): None for one in every}
    found = {(one.task, one.split, one.system): one for one in every}
    differences = [
        difference
        for task, split in places
        for a, b in _pairs(judged)
        for difference in _differences(found[task, split, a], found[task, split, b])
    ]
    rows = [_row(one) for place in places for one in every if (one.task, one.split) == place]
    return Report(protocol, tuple(rows), tuple(differences))


def protocol(
    *,
    revision: str,
    models: Mapping[str, Row],
    documents_think: Think,
    num_queries: int | None,
) -> Row:
    """Everything the numbers depend on besides the inputs' order.

    Args:
        revision: the benchmark's.
        models: each model by name, with its revision and how it decodes.
        num_queries: the cap on a split's queries, None where all were asked.
    """
    packages = ("forethought", "numpy", "torch", "transformers")
    return {
        "benchmark": "glyphs (drawings, not photographs)",
        "data_revision": revision,
        "models": dict(models),
        "think": {"query": "as each row says", "document": str(documents_think)}
        | {"other models": "never"},
        "queries_cap": num_queries,
        "ties": f"{TIE_RULE}; cosines compared to {SCORE_DECIMALS} decimals",
        "mean": f"over queries; task {POOLED!r} holds every query of its split",
        "interval": {"kind": "paired bootstrap over queries, percentile", "seed": SEED}
        | {"coverage": COVERAGE, "resamples": RESAMPLES},
        "versions": {"python": platform.python_version()}
        | {package: _version(package) for package in packages},
    }


def describe(encoder: Encoder) -> Row:
    """What a protocol says of one model: its weights, and how it decodes if it can think."""
    told: Row = {"revision": encoder.revision, "dimension": encoder.dimension}
    if isinstance(encoder, ReasoningEncoder):
        told |= asdict(encoder.decode_options)
    return told


def write_json(report: Report, path: Path) -> None:
    """Write the report whole or not at all.

    Raises:
        DataError: if the file cannot be written.
    """
    write_text(json.dumps(asdict(report), indent=1, allow_nan=False) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """Write beside the file, then put it in place: a reader never sees half of it.

    Raises:
        DataError: if the file cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from None
    finally:
        beside.unlink(missing_ok=True)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _pooled(judged: Sequence[Judged]) -> list[Judged]:
    groups: dict[tuple[str, str], list[Judged]] = {}
    for one in judged:
        groups.setdefault((one.split, one.system), []).append(one)
    return [_pool(group) for group in groups.values() if len(group) > 1]


def _pool(group: Sequence[Judged]) -> Judged:
    endings: Counter[Ending] = Counter()
    for one in group:
        endings.update(one.endings)
    return Judged(
        model=group[0].model,
        think=group[0].think,
        task=POOLED,
        split=group[0].split,
        metrics={name: np.concatenate([one.metrics[name] for one in group]) for name in METRICS},
        tokens=np.concatenate([one.tokens for one in group]),
        endings=dict(endings),
    )


def _row(one: Judged) -> Row:
    means = {name: float(values.mean()) for name, values in one.metrics.items()}
    return (
        {"model": one.model, "task": one.task, "split": one.split, "think": str(one.think)}
        | {"queries": len(one.tokens)}
        | means
        | {"tokens": float(one.tokens.mean())}
        | {"endings": {str(ending): one.endings.get(ending, 0) for ending in Ending}}
    )


_BUDGET = (Think.NEVER, Think.AUTO, Think.ALWAYS)


def _pairs(judged: Sequence[Judged]) -> list[tuple[str, str]]:
    asked = judged[0].model
    mine = {one.think: one.system for one in judged if one.model == asked}
    modes = [mine[think] for think in _BUDGET if think in mine]
    others = dict.fromkeys(one.system for one in judged if one.model != asked)
    itself = [(more, less) for less, more in combinations(modes, 2)]
    return itself + [(mode, other) for other in others for mode in modes]


def _differences(a: Judged, b: Judged) -> list[Row]:
    return [
        {"task": a.task, "split": a.split, "metric": metric, "a": a.system, "b": b.system}
        | asdict(paired_difference(a.metrics[metric], b.metrics[metric], seed=SEED))
        for metric in METRICS
    ]
