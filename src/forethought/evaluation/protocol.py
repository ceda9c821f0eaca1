"""The settings that the numbers of a report depend on."""

import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from typing import Any

from forethought.encoders import Encoder, ReasoningEncoder
from forethought.evaluation.benchmark import Benchmark
from forethought.evaluation.bootstrap import COVERAGE, RESAMPLES
from forethought.evaluation.metrics import TIE_RULE
from forethought.evaluation.scores import SCORE_DECIMALS
from forethought.types import Think

POOLED = "all"
"""The task of a row that pools every query of a split: its means are over queries."""

SEED = 20_260
"""Seed of the bootstrap intervals."""

_PACKAGES = ("forethought", "numpy", "torch", "transformers")


def protocol(
    benchmark: Benchmark, *, models: Mapping[str, dict[str, Any]], documents_think: Think
) -> dict[str, Any]:
    """Settings of one evaluation, as JSON values.

    Args:
        models: for each model by name, what `describe_encoder` returns.
    """
    notes = f" ({'; '.join(benchmark.notes)})" if benchmark.notes else ""
    return {
        "benchmark": f"{benchmark.title}{notes}",
        "data_revision": benchmark.revision,
        "models": dict(models),
        "think": {
            "query": "per row",
            "document": str(documents_think),
            "other models": str(Think.NEVER),
        },
        "queries_cap": benchmark.max_queries,
        "ties": f"{TIE_RULE}; cosines compared to {SCORE_DECIMALS} decimals",
        "mean": f"over queries; task {POOLED!r} holds every query of its split",
        "interval": {
            "kind": "paired bootstrap over queries, percentile",
            "seed": SEED,
            "coverage": COVERAGE,
            "resamples": RESAMPLES,
        },
        "versions": {"python": platform.python_version()}
        | {package: _version(package) for package in _PACKAGES},
    }


def describe_encoder(encoder: Encoder) -> dict[str, Any]:
    """Weights and dimension of an encoder, and its decode options if it can think."""
    described: dict[str, Any] = {"revision": encoder.revision, "dimension": encoder.dimension}
    if isinstance(encoder, ReasoningEncoder):
        described |= asdict(encoder.decode_options)
    return described


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
