"""Runs in Weights & Biases' own files, where the package is: `make test-wandb`."""

import struct
import subprocess
import sys

CODE = """
import socket
real = socket.socket.connect
def local(self, address):
    # W&B's own service is a process of this machine.
    assert isinstance(address, str) or address[0] in {"127.0.0.1", "localhost", "::1"}, address
    return real(self, address)
socket.socket.connect = local
from pathlib import Path
from forethought.training import TrackedRun
from forethought.training.tracker_services import WandbTracker
for first, last in ((0, 4), (2, 5)):
    run = TrackedRun("pets", "0a1b2c3d", Path("."), first, {"name": "pets", "seed": 3})
    tracker = WandbTracker(run)
    for step in range(first, last):
        tracker.log(step, {"loss": step / 4 + first})
    tracker.close()
"""


BLOCK, HEADER = 32_768, 7
"""Of a LevelDB log, as which W&B writes its records; a part has checksum, length and type."""


def records(data):
    """The records of a log, each of one part (type 1) or several (2, 3 ..., 4)."""
    at, parts = HEADER, []
    while at + HEADER <= len(data):
        if BLOCK - at % BLOCK < HEADER:
            at += BLOCK - at % BLOCK
        _, length, kind = struct.unpack_from("<IHB", data, at)
        at += HEADER + length
        parts.append(data[at - length : at])
        if kind in {1, 4}:
            yield b"".join(parts)
            parts = []


def rows(path):
    """The rows of one offline file."""
    from wandb.proto import wandb_internal_pb2

    for data in records(path.read_bytes()):
        record = wandb_internal_pb2.Record.FromString(data)
        if record.WhichOneof("record_type") == "history":
            items = [("/".join(i.nested_key) or i.key, i.value_json) for i in record.history.item]
            yield {name: float(value) for name, value in items if not name.startswith("_")}


def test_a_run_is_resumed_offline_under_its_id(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    ended = subprocess.run(
        [sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    first, second = sorted(tmp_path.glob("wandb/offline-run-*/run-0a1b2c3d.wandb"))
    losses = [[(row["step"], row["loss"]) for row in rows(path)] for path in (first, second)]
    # The second call begins at step 2, two before the end of the first.
    assert losses[0] == [(step, step / 4) for step in range(4)]
    assert losses[1] == [(step, step / 4 + 2) for step in range(2, 5)]
