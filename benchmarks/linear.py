"""Float32 products of linear layers: torch's own layers beside packed ones, in one run.

    python benchmarks/linear.py

Prints, for nano's shapes and the rows of a decoding step or a prefill, GFLOP/s of both (the
median of the rounds), and how many times faster the packed layer was (median, least and most).
"""

import argparse
from statistics import median

import torch
from torch import nn

from forethought.backbones import pack
from forethought.doctor import interleave

SHAPES = ((256, 512), (256, 1024), (1024, 256), (256, 6000))
"""Features in and out: nano's query projection, its feed-forward layers, and its head."""
ROWS = (1, 4, 16, 64, 2000)
WEIGHTS = 8_000_000
"""Weights in all layers of one shape, as in a network: a single layer's would stay in a CPU cache."""


def main() -> None:
    """Measure every shape and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=9, help="timed rounds, interleaved")
    repeats = parser.parse_args().repeats
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {repeats} rounds")
    print(f"{'in':>5} {'out':>5} {'rows':>5} {'torch':>7} {'packed':>7} GFLOP/s  times (min-max)")
    for num_in, num_out in SHAPES:
        count = max(1, WEIGHTS // (num_in * num_out))
        plain = [nn.Linear(num_in, num_out) for _ in range(count)]
        packed = [nn.Linear(num_in, num_out) for _ in range(count)]
        for layer in packed:
            pack(layer)
        for rows in ROWS:
            print(row(plain, packed, rows=rows, repeats=repeats))


@torch.inference_mode()
def row(plain: list[nn.Linear], packed: list[nn.Linear], *, rows: int, repeats: int) -> str:
    """One line of the table."""
    num_in, num_out = plain[0].in_features, plain[0].out_features
    states = torch.randn(rows, num_in)
    times = interleave(
        {
            "torch": lambda: [layer(states) for layer in plain],
            "packed": lambda: [layer(states) for layer in packed],
        },
        repeats=repeats,
    )
    work = 2 * rows * num_in * num_out * len(plain) / 1e9
    pairs = zip(times["torch"].seconds, times["packed"].seconds, strict=True)
    ratios = [one / other for one, other in pairs]
    rates = " ".join(f"{work / times[name].median:7.1f}" for name in ("torch", "packed"))
    sizes = f"{num_in:5} {num_out:5} {rows:5}"
    return f"{sizes} {rates}          {median(ratios):.2f}x ({min(ratios):.2f}-{max(ratios):.2f})"


if __name__ == "__main__":
    main()
