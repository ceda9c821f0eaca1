"""A process whose children encode the same inputs into one store at once, and are killed.

`python -m tests.rationales.nursery MODEL` loads a model once. It is then told a line at a
time: a folder, how many batches are kept before the kill, and after which share of the time
of a batch it comes. It answers with how many batches its children said they had kept.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from forethought.encoders import ReasoningEncoder, load
from forethought.rationales import RationaleStore

WRITERS = 3
BATCH = 2
WORDS = ("red", "green", "blue", "yellow", "black", "violet", "orange")
INPUTS = [f"{one}, {other}" for one in WORDS for other in WORDS if one < other]


def encode(encoder: ReasoningEncoder, folder: Path, *, order: int, said: int) -> None:
    """What one child does: all inputs in an order of its own, a batch's end told on a pipe."""

    def tell(*_: object) -> None:
        os.write(said, b".")

    inputs = random.Random(order).sample(INPUTS, len(INPUTS))  # noqa: S311 - no secret
    encoder.encode(
        inputs,
        think="always",
        rationales=RationaleStore(folder),
        batch_size=BATCH,
        progress=tell,
    )


def brood(encoder: ReasoningEncoder, folder: Path, *, batches: int, rest_s: float) -> int:
    """Let children write until some batches are kept; a moment later kill them all."""
    heard, said = os.pipe()
    children = []
    for order in range(WRITERS):
        child = os.fork()
        if not child:
            encode(encoder, folder, order=order, said=said)
            os._exit(0)
        children.append(child)
    os.close(said)
    kept = 0
    while kept < batches and os.read(heard, 1):
        kept += 1
    time.sleep(rest_s)
    for child in children:
        os.kill(child, signal.SIGKILL)
    ended = {os.waitpid(child, 0)[1] for child in children}
    if not ended <= {0, signal.SIGKILL}:
        raise ChildProcessError(f"a writer failed by itself: {ended}")
    while more := os.read(heard, 4096):
        kept += len(more)
    os.close(heard)
    return kept


def main(model: str) -> None:
    """Load, and do as told."""
    torch.set_num_threads(1)
    encoder = load(Path(model), device="cpu")
    assert isinstance(encoder, ReasoningEncoder)
    begun = time.monotonic()
    encoder.encode(INPUTS[:BATCH], think="always")
    batch_s = WRITERS * (time.monotonic() - begun)
    for line in sys.stdin:
        folder, batches, share = line.split()
        kept = brood(encoder, Path(folder), batches=int(batches), rest_s=float(share) * batch_s)
        sys.stdout.write(f"{kept}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
