"""Float32 products of linear layers: torch's own way beside packed layers, in one run.

    python benchmarks/linear.py

Prints, for nano's shapes and as many rows as a step or a prefill has, GFLOP/s of both, the
median of the rounds, and how many times faster the packed layer was, least and most.
"""

import argparse
from statistics import median

import torch
from torch import nn

from benchmarks.timing import interleave
from forethought.backbones import pack

SHAPES = ((256, 512), (256, 1024), (1024, 256), (256, 6000))
"""Numbers in and out: nano's queries, its feed-forward layers, and its head."""
ROWS = (1, 4, 16, 64, 2000)
WEIGHTS = 8_000_000
"""So many weights are gone through, as in a network: one layer's would stay in a cache."""


def main() -> None:
    """Measure every shape and print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=9, help="rounds, interleaved")
    repeats = options.parse_args().repeats
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {repeats} rounds")  # noqa: T201
    print(f"{'in':>5} {'out':>5} {'rows':>5} {'torch':>7} {'packed':>7} GFLOP/s  times (min-max)")  # noqa: T201
    for inside, outside in SHAPES:
        count = max(1, WEIGHTS // (inside * outside))
        stock = [nn.Linear(inside, outside) for _ in range(count)]
        packed = [nn.Linear(inside, outside) for _ in range(count)]
        for layer in packed:
            pack(layer)
        for rows in ROWS:
            print(row(stock, packed, rows=rows, repeats=repeats))  # noqa: T201


@torch.inference_mode()
def row(stock: list[nn.Linear], packed: list[nn.Linear], *, rows: int, repeats: int) -> str:
    """One line of the table."""
    inside, outside = stock[0].in_features, stock[0].out_features
    states = torch.randn(rows, inside)
    times = interleave(
        {
            "torch": lambda: [layer(states) for layer in stock],
            "packed": lambda: [layer(states) for layer in packed],
        },
        repeats=repeats,
    )
    work = 2 * rows * inside * outside * len(stock) / 1e9
    pairs = zip(times["torch"].seconds, times["packed"].seconds, strict=True)
    ratios = [one / other for one, other in pairs]
    rates = " ".join(f"{work / times[name].median:7.1f}" for name in ("torch", "packed"))
    sizes = f"{inside:5} {outside:5} {rows:5}"
    return f"{sizes} {rates}          {median(ratios):.2f}x ({min(ratios):.2f}-{max(ratios):.2f})"


if __name__ == "__main__":
    main()
