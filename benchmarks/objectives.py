"""Objectives of the published systems and ours: trained from the same weights, scored, reported.

    python -m benchmarks.objectives                     # lab: train what is missing, score, write all
    python -m benchmarks.objectives nano                # the same on nano, with pictures
    python -m benchmarks.objectives --report-only       # the page and the plot from the JSON

The scores are in docs/training_SUITE.json; the tables in docs/training.md stand between marks, and
are replaced. A finished run in runs/ is taken as it is.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from jaxtyping import Float

from benchmarks.objective_report import write_report
from benchmarks.objective_results import ObjectiveResult, PooledScore, ResultFile
from benchmarks.objective_suites import ALL, SUITES, Suite, Variant
from forethought.encoders import load
from forethought.evaluation import Benchmark, TaskResult, evaluate, mean_over_seeds
from forethought.training import Journal, run_seeds
from forethought.types import Progress, Think, ignore_progress

PAGE = Path("docs/training.md")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, score and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("suite", nargs="?", default="lab", choices=list(SUITES))
    parser.add_argument("--report-only", action="store_true", help="from the scores alone")
    parser.add_argument("--seeds", type=int, help="how many seeds, from 1")
    parser.add_argument(
        "--only", default="", help="variants, with commas; the others as scored before"
    )
    chosen = parser.parse_args(arguments)
    suite = SUITES[chosen.suite]
    if not chosen.report_only:
        names = set(filter(None, chosen.only.split(",")))
        unknown = names - {variant.name for variant in suite.variants}
        if unknown:
            print(f"error: no variant {min(unknown)!r}", file=sys.stderr)
            return 2
        measure(suite, names, range(1, (chosen.seeds or suite.seeds) + 1))
    write_report(ResultFile.read(suite.scores), suite, PAGE)
    return 0


def measure(suite: Suite, names: set[str], seeds: Sequence[int]) -> None:
    """Score every variant, or those of these names, and write each as soon as it is known."""
    benchmark = suite.read()
    for variant in suite.variants:
        if names and variant.name not in names:
            continue
        folders = _folders(variant, seeds)
        runs = {
            seed: _evaluate(benchmark, variant, folder, pairs=suite.all_pools[ALL])
            for seed, folder in folders.items()
        }
        seconds = () if variant.model else tuple(map(_seconds, folders.values()))
        known = ResultFile.read(suite.scores)
        for result in _results(suite, variant, runs, seconds=seconds):
            known = known.with_result(result)
        known.write(suite.scores)
        print(f"{variant.name}: scored", flush=True)


def _folders(variant: Variant, seeds: Sequence[int]) -> dict[int, Path]:
    """The model folder of each seed; 0 is no run's."""
    if variant.model:
        return {0: variant.model}
    return run_seeds(variant.recipe, seeds, open_progress=_open_progress)


def _seconds(folder: Path) -> float:
    entries = Journal(folder.parent / "journal.jsonl").read()
    return float(entries[-1]["seconds"])


def _evaluate(
    benchmark: Benchmark, variant: Variant, folder: Path, *, pairs: Sequence[tuple[str, str]]
) -> list[TaskResult]:
    """Direct queries against direct documents, then thought ones against the variant's."""
    encoder = load(folder)
    results = evaluate(benchmark, encoder, think=(Think.NEVER,))
    if variant.thinks:
        results += evaluate(
            benchmark, encoder, think=(Think.ALWAYS,), documents_think=variant.documents
        )
    return [one for one in results if (one.task, one.split) in pairs]


def _results(
    suite: Suite,
    variant: Variant,
    runs: Mapping[int, Sequence[TaskResult]],
    *,
    seconds: tuple[float, ...],
) -> Iterator[ObjectiveResult]:
    means = mean_over_seeds(runs)
    for think in dict.fromkeys(one.think for one in means):
        yield ObjectiveResult(
            variant=variant.name,
            label=variant.label,
            think=think.value,
            documents=(variant.documents if think is Think.ALWAYS else Think.NEVER).value,
            seconds=seconds,
            tokens=float(np.mean(_pooled(means, suite.all_pools[ALL], think=think, what="tokens"))),
            pools=tuple(
                _pool(name, pairs, runs=runs, think=think)
                for name, pairs in suite.all_pools.items()
            ),
        )


def _pool(
    name: str,
    pairs: Sequence[tuple[str, str]],
    *,
    runs: Mapping[int, Sequence[TaskResult]],
    think: Think,
) -> PooledScore:
    by_seed = [_pooled(results, pairs, think=think, what="hit@1") for results in runs.values()]
    exact = [_pooled(results, pairs, think=think, what="exact") for results in runs.values()]
    known = [float(np.nanmean(values)) for values in exact if not np.isnan(values).all()]
    wrong = [hits[right == 0] for hits, right in zip(by_seed, exact, strict=True)]
    return PooledScore(
        name=name,
        seeds=tuple(float(values.mean()) for values in by_seed),
        queries=tuple(round(float(value), 4) for value in np.mean(by_seed, axis=0)),
        exact=tuple(known),
        wrong=tuple(float(hits.mean()) for hits in wrong if hits.size),
    )


def _pooled(
    results: Sequence[TaskResult], pairs: Sequence[tuple[str, str]], *, think: Think, what: str
) -> Float[np.ndarray, " Q"]:
    """A number of every query of some tasks and splits, in one mode."""
    chosen = [one for one in results if one.think is think and (one.task, one.split) in pairs]
    values = [one.metrics[what] if what in one.metrics else getattr(one, what) for one in chosen]
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in values])


def _open_progress(part: str) -> nullcontext[Progress]:
    print(part, flush=True)
    return nullcontext(ignore_progress)


if __name__ == "__main__":
    sys.exit(main())
