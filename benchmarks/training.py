"""Time a training step beside the same step written plainly with transformers.Trainer.

    python -m benchmarks.training --quick                    # a first look
    python -m benchmarks.training --json training.json       # lab and nano; ume-2b where CUDA is
    python -m benchmarks.training --parts ume-2b --shape tiny

All cases train the same weights on the same batches by the same optimizer, in interleaved rounds.
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
from forethought.files import check_target, write_text

if TYPE_CHECKING:
    from benchmarks.train_report import TrainReport

PARTS = ("lab", "nano", "ume-2b", "memory")
_PIPED_WIDTH = 140
_BAD_INPUT = 2
_LOGGER = logging.getLogger("benchmarks")


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line: exit status 2 for bad input, with one line that says what to do."""
    logging.basicConfig(format="%(message)s")
    _LOGGER.setLevel(logging.INFO)
    try:
        run(parse(words))
    except ForethoughtError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(_BAD_INPUT)


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options.

    Raises:
        ConfigError: if a part is unknown, the number of rounds is out of range, the output cannot
            be written, or a package is missing.
    """
    parser = argparse.ArgumentParser(
        "python -m benchmarks.training", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--parts", help=f"some of {', '.join(PARTS)}; by default what can run here")
    parser.add_argument("--quick", action="store_true", help="few pairs and rounds")
    parser.add_argument("--shape", default="full", help="of ume-2b: full, or tiny without a GPU")
    parser.add_argument("--rounds", type=int, help="number of timed rounds")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    options = parser.parse_args(words)
    if options.rounds is not None and options.rounds < 1:
        raise ConfigError(f"--rounds is {options.rounds}; it must be at least 1")
    if options.parts is not None:
        options.parts = tuple(word.strip() for word in options.parts.split(","))
        unknown = sorted(set(options.parts) - set(PARTS))
        if unknown:
            raise ConfigError(f"unknown part {unknown[0]!r} in --parts; known: {', '.join(PARTS)}")
    check_target(options.json)
    if find_spec("accelerate") is None:
        raise ConfigError(
            "transformers.Trainer needs the package accelerate: pip install 'forethought[train]'"
        )
    return options


def run(options: argparse.Namespace) -> None:
    """Measure every part, print the tables, and write the file that was named."""
    # Before torch is imported: see `benchmarks.engine`.
    os.environ.setdefault("TORCH_CUDNN_SDPA_DEPRIORITIZED", "1")
    from benchmarks.train_parts import FULL, QUICK, measure

    scale = QUICK if options.quick else FULL
    if options.rounds:
        scale = replace(scale, rounds=options.rounds)

    def save(report: "TrainReport") -> None:
        from benchmarks.train_report import as_json

        if options.json is not None:
            write_text(options.json, as_json(report))

    _print(measure(options.parts, scale, shape=options.shape, save=save))


def _print(report: "TrainReport") -> None:
    from benchmarks.print_report import print_report
    from benchmarks.train_report import tables

    print_report(report.setting, tables(report), piped_width=_PIPED_WIDTH)


if __name__ == "__main__":
    main()
