"""Objectives of the published systems and ours, trained on lab from one base with three seeds.

    python -m benchmarks.objectives                     # train what is missing, score, write all
    python -m benchmarks.objectives --report-only       # the page and the plot from the JSON

The scores are in docs/training.json; the table in docs/training.md stands between two marks, and
is replaced. A finished run in runs/ is taken as it is.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from benchmarks.objective_report import write_report
from benchmarks.objective_results import ObjectiveResult, PooledScore, ResultFile
from forethought.encoders import load
from forethought.evaluation import (
    Benchmark,
    TaskResult,
    evaluate,
    mean_over_seeds,
)
from forethought.nano import read_lab
from forethought.training import Journal, run_seeds
from forethought.types import Progress, Think, ignore_progress

DATA = Path("data/lab")
RESULTS = Path("docs/training.json")
HELD_OUT = {"held_country", "held_composition", "held_sum"}
POOLS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "two steps, new countries": (("two_steps", "held_country"),),
    "two steps, new kinds": (("two_steps", "held_composition"),),
    "one step, new countries": (("one_step", "held_country"),),
    "lookups, new countries": (("lookup", "held_country"),),
    "sums, new": (("sum", "held_sum"),),
}
"""The (task, split) pairs of each column; the first column pools all of them."""
ALL = "all held out"


@dataclass(frozen=True, slots=True)
class Variant:
    """A recipe, and how its model is used: each system as it was published.

    `documents` is the mode of documents behind queries that think; `thinks` whether they may.
    """

    name: str
    label: str
    thinks: bool = True
    documents: Think = Think.NEVER

    @property
    def recipe(self) -> Path:
        """The recipe's file."""
        return Path("recipes") / f"{self.name}.toml"


VARIANTS = (
    Variant("lab_direct", "direct twin", thinks=False),
    Variant("lab_ume_r1", "UME-R1", documents=Think.ALWAYS),
    Variant("lab_rge", "RGE"),
    Variant("lab_oracle", "RGE with oracle rationales in InfoNCE"),
    Variant("lab_mmemb_r1_random", "MMEmb-R1, random rationales"),
    Variant("lab_mmemb_r1_likelihood", "MMEmb-R1, likeliest rationales"),
    Variant("lab_mmemb_r1_counterfactual", "MMEmb-R1, counterfactual"),
    Variant("lab_mmemb_r1_margin", "MMEmb-R1, counterfactual with margin"),
    Variant("lab_ours", "ours, as lab and nano were trained"),
    Variant("lab_distilled", "the same, distilled into direct vectors"),
    Variant("lab_union", "ours, the union"),
)
BASELINE = "lab_direct"


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, score and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--report-only", action="store_true", help="from docs/training.json alone")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds, from 1")
    parser.add_argument(
        "--only", default="", help="variants, with commas; the others as scored before"
    )
    chosen = parser.parse_args(arguments)
    if not chosen.report_only:
        names = set(filter(None, chosen.only.split(",")))
        unknown = names - {variant.name for variant in VARIANTS}
        if unknown:
            print(f"error: no variant {min(unknown)!r}", file=sys.stderr)
            return 2
        measure([v for v in VARIANTS if not names or v.name in names], range(1, chosen.seeds + 1))
    write_report(
        ResultFile.read(RESULTS),
        variants=[variant.name for variant in VARIANTS],
        baseline=BASELINE,
        page=Path("docs/training.md"),
        plot=Path("docs/training.png"),
    )
    return 0


def measure(variants: Sequence[Variant], seeds: Sequence[int]) -> None:
    """Score every variant, and write each as soon as it is known."""
    benchmark = read_lab(DATA)
    for variant in variants:
        folders = run_seeds(variant.recipe, seeds, open_progress=_open_progress)
        runs = {seed: _evaluate(benchmark, variant, folder) for seed, folder in folders.items()}
        seconds = [
            Journal(folder.parent / "journal.jsonl").read()[-1]["seconds"]
            for folder in folders.values()
        ]
        known = ResultFile.read(RESULTS)
        for result in _results(variant, runs, seconds):
            known = known.with_result(result)
        known.write(RESULTS)
        print(f"{variant.name}: scored", flush=True)


def _evaluate(benchmark: Benchmark, variant: Variant, folder: Path) -> list[TaskResult]:
    """Direct queries against direct documents, then thought ones against the variant's."""
    encoder = load(folder)
    results = evaluate(benchmark, encoder, think=(Think.NEVER,))
    if variant.thinks:
        results += evaluate(
            benchmark, encoder, think=(Think.ALWAYS,), documents_think=variant.documents
        )
    return [one for one in results if one.split in HELD_OUT]


def _results(
    variant: Variant, runs: Mapping[int, Sequence[TaskResult]], seconds: Sequence[float]
) -> Iterator[ObjectiveResult]:
    means = mean_over_seeds(runs)
    for think in dict.fromkeys(one.think for one in means):
        pools = {ALL: tuple(pair for pool in POOLS.values() for pair in pool), **POOLS}
        yield ObjectiveResult(
            variant=variant.name,
            label=variant.label,
            think=think.value,
            documents=(variant.documents if think is Think.ALWAYS else Think.NEVER).value,
            seconds=tuple(seconds),
            tokens=float(np.mean(_pooled(means, pools[ALL], think=think, what="tokens"))),
            pools=tuple(
                _pool(name, pairs, runs=runs, think=think) for name, pairs in pools.items()
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
    return PooledScore(
        name=name,
        seeds=tuple(float(values.mean()) for values in by_seed),
        queries=tuple(round(float(value), 4) for value in np.mean(by_seed, axis=0)),
        exact=tuple(known),
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
