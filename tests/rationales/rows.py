"""Rows to fill a store with, and a process that adds them until it is killed."""

import dataclasses
import hashlib
import itertools
import sys
from pathlib import Path

from forethought.rationales import RationaleStore
from forethought.types import CachedRationale, Ending, Rationale

BATCH = 5


def key(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def row(number, **changed):
    made = CachedRationale(
        key=key(number),
        rationale=Rationale(f"thinking of {number}\n\u2028é", f"answer {number}", Ending.LENGTH),
        token_ids=(number, 7, 300 + number),
        reasoner="tiny@0123456789ab",
        sources=(f"{number}.png", "what is it?"),
    )
    return dataclasses.replace(made, **changed)


def write(folder, first, batches):
    """Add batches of rows from `first` on, as one of several processes."""
    store = RationaleStore(Path(folder))
    for batch in range(batches):
        start = first + batch * BATCH
        store.add([row(number) for number in range(start, start + BATCH)])


def write_until_killed(folder):
    store = RationaleStore(Path(folder))
    for batch in itertools.count():
        store.add([row(number) for number in range(batch * BATCH, (batch + 1) * BATCH)])
        sys.stdout.write(f"{batch}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    write_until_killed(sys.argv[1])
