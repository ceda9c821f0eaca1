"""A process whose children encode the same inputs into one store, and are killed.

`python -m tests.rationales.killed_encoders MODEL` loads a model once. Each line of its input has
a folder, the number of batches to store before the kill, and the delay of the kill as a share of
one batch's time. It prints how many batches its children reported as stored.
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


def encode(encoder: ReasoningEncoder, folder: Path, *, order: int, pipe: int) -> None:
    """Encode all inputs in a shuffled order; each stored batch is one byte on a pipe."""

    def report(*_: object) -> None:
        os.write(pipe, b".")

    inputs = random.Random(order).sample(INPUTS, len(INPUTS))  # noqa: S311 - no secret
    encoder.encode(
        inputs,
        think="always",
        rationales=RationaleStore(folder),
        batch_size=BATCH,
        progress=report,
    )


def encode_and_kill(
    encoder: ReasoningEncoder, folder: Path, *, batches: int, delay_s: float
) -> int:
    """Let children encode until some batches are stored; a moment later kill them all."""
    read_end, write_end = os.pipe()
    children = []
    for order in range(WRITERS):
        child = os.fork()
        if not child:
            encode(encoder, folder, order=order, pipe=write_end)
            os._exit(0)
        children.append(child)
    os.close(write_end)
    stored = 0
    while stored < batches and os.read(read_end, 1):
        stored += 1
    time.sleep(delay_s)
    for child in children:
        os.kill(child, signal.SIGKILL)
    statuses = {os.waitpid(child, 0)[1] for child in children}
    if not statuses <= {0, signal.SIGKILL}:
        raise ChildProcessError(f"a writer failed by itself: {statuses}")
    while more := os.read(read_end, 4096):
        stored += len(more)
    os.close(read_end)
    return stored


def main(model: str) -> None:
    """Load the model, then serve the lines of standard input."""
    torch.set_num_threads(1)
    encoder = load(Path(model), device="cpu")
    began = time.monotonic()
    encoder.encode(INPUTS[:BATCH], think="always")
    batch_s = WRITERS * (time.monotonic() - began)
    for line in sys.stdin:
        folder, batches, share = line.split()
        stored = encode_and_kill(
            encoder, Path(folder), batches=int(batches), delay_s=float(share) * batch_s
        )
        sys.stdout.write(f"{stored}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
