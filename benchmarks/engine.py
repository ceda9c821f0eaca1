"""Time the engine beside the ways others embed, with the thresholds it must meet.

    python -m benchmarks.engine --quick                    # nano on a CPU, under a minute
    python -m benchmarks.engine --workload ume-2b          # UME-R1-2B's shape on a GPU

Cases run in interleaved rounds on the same inputs; a baseline whose vectors differ from ours is
marked. The JSON file holds the results so far while the rest is measured.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.errors import ConfigError, ForethoughtError
from forethought.files import check_target

if TYPE_CHECKING:
    from benchmarks.bench_report import BenchReport
    from benchmarks.comparisons import RunPlan

WORKLOADS = {
    "nano": {"quick": False, "model": "nano", "pictures": Path("demo/gallery")},
    "ume-2b": {"shape": "full", "tokens": "403,128", "rows": 0},
}
"""The options that each workload alone takes, with their defaults."""
_PIPED_WIDTH = 160
"""Columns where the output is no terminal: wide enough for no cell to be cut."""
_BAD_INPUT = 2


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line: exit status 2 for bad input, with one line that says what to do."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("benchmarks").setLevel(logging.INFO)
    try:
        run(parse(words))
    except ForethoughtError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(_BAD_INPUT)


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options; every check that needs no measurement is done here.

    Raises:
        ConfigError: if an option is of the other workload or out of range, an output path cannot
            be written, or a package is missing.
    """
    parser = argparse.ArgumentParser(
        "python -m benchmarks.engine", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--workload", default="nano", help="nano (CPU) or ume-2b (GPU)")
    parser.add_argument("--inputs", type=int, help="number of inputs")
    parser.add_argument("--repeats", type=int, help="number of timed rounds")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    parser.add_argument("--plot", type=Path, help="also draw the results to this PNG")
    only = parser.add_argument_group("nano only")
    only.add_argument("--quick", action="store_const", const=True, help="fewer inputs and rounds")
    only.add_argument("--model", help="the model, a name that ships or a folder (nano)")
    only.add_argument("--pictures", type=Path, help="a folder of pictures (demo/gallery)")
    only = parser.add_argument_group("ume-2b only")
    only.add_argument("--shape", help="full, or tiny to try the command without a GPU")
    only.add_argument("--tokens", help="rationale lengths, with commas (403,128)")
    only.add_argument("--rows", type=int, help="rows that decode at a time; 0: what fits")
    options = parser.parse_args(words)
    _fill_defaults(options)
    _check_numbers(options)
    _check_outputs(options)
    return options


def _fill_defaults(options: argparse.Namespace) -> None:
    """Refuse the other workload's options, and set the defaults of all."""
    if options.workload not in WORKLOADS:
        known = ", ".join(WORKLOADS)
        raise ConfigError(f"unknown --workload {options.workload!r}; known: {known}")
    for workload, defaults in WORKLOADS.items():
        for name, default in defaults.items():
            if getattr(options, name) is None:
                setattr(options, name, default)
            elif workload != options.workload:
                raise ConfigError(
                    f"--{name} is an option of --workload {workload}, and this is "
                    f"{options.workload}: leave it out, or add --workload {workload}"
                )


def _check_numbers(options: argparse.Namespace) -> None:
    for name, least in (("inputs", 1), ("repeats", 1), ("rows", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise ConfigError(f"--{name} is {value}; it must be at least {least}")
    lengths = [word.strip() for word in options.tokens.split(",")]
    if not all(word.isdecimal() and int(word) > 0 for word in lengths):
        raise ConfigError(
            f"--tokens {options.tokens!r}: give whole numbers above 0, with commas between them"
        )
    options.tokens = tuple(map(int, lengths))


def _check_outputs(options: argparse.Namespace) -> None:
    for path in (options.json, options.plot):
        check_target(path)
    if options.plot is not None:
        if options.plot.suffix.lower() != ".png":
            raise ConfigError(f"--plot {options.plot}: the plot is a PNG; end its name in .png")
        if find_spec("matplotlib") is None:
            raise ConfigError(
                "--plot needs matplotlib: pip install 'forethought[eval]', or leave --plot out"
            )
    if options.workload == "nano" and find_spec("sentence_transformers") is None:
        print(
            "Sentence Transformers is not installed, its row will be empty; "
            "pip install 'forethought[eval]' adds it",
            file=sys.stderr,
        )


def run(options: argparse.Namespace) -> None:
    """Measure the chosen workload, print its tables, and write the files that were named."""
    # Before torch is imported. On Hopper it builds a cuDNN attention kernel on the host for every
    # length that stock code meets; our engine does not use cuDNN, so baselines are spared it too.
    os.environ.setdefault("TORCH_CUDNN_SDPA_DEPRIORITIZED", "1")
    from benchmarks import workloads

    def save(report: "BenchReport") -> None:
        _save(report, options.json)

    if options.workload == "nano":
        plan = _plan(workloads.QUICK if options.quick else workloads.FULL, options)
        report = workloads.nano(options.model, plan=plan, pictures=options.pictures, save=save)
    else:
        tiny = options.shape == "tiny"
        ume = workloads.UmeOptions(
            options.shape,
            options.tokens,
            workloads.SMALL_PATCHES if tiny else workloads.PATCHES,
            _plan(workloads.SMALL if tiny else workloads.GPU, options),
            options.rows,
        )
        report = workloads.ume(ume, save=save)
    save(report)
    _print(report)
    if options.plot is not None:
        _draw(report, options.plot)


def _plan(plan: "RunPlan", options: argparse.Namespace) -> "RunPlan":
    inputs = options.inputs or plan.inputs
    return replace(
        plan,
        inputs=inputs,
        slow=min(plan.slow, inputs),
        medium=min(plan.medium, inputs),
        repeats=options.repeats or plan.repeats,
    )


def _save(report: "BenchReport", path: Path | None) -> None:
    from benchmarks.bench_report import as_json
    from forethought.files import write_text

    if path is not None:
        write_text(path, as_json(report))


def _draw(report: "BenchReport", path: Path) -> None:
    from benchmarks.result_plot import draw
    from forethought.files import atomic

    with atomic(path) as temporary:
        draw(report, temporary)


def _print(report: "BenchReport") -> None:
    from benchmarks.print_report import print_report
    from benchmarks.result_tables import tables

    print_report(report.setting, tables(report), piped_width=_PIPED_WIDTH)


if __name__ == "__main__":
    main()
