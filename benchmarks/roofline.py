"""What the machine could do at best: bytes moved and sums done in a second, measured."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.subject import Subject
from forethought.backbones import pack

_ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Limits:
    """Measured rates: bytes read and written a second by a copy, FLOPs a second by a matmul."""

    bandwidth: float
    matmul: float

    def best(self, other: "Limits") -> "Limits":
        """The better of two measurements, rate by rate: a busy machine only ever looks slower."""
        return Limits(max(self.bandwidth, other.bandwidth), max(self.matmul, other.matmul))


@dataclass(frozen=True, slots=True)
class Work:
    """What one decoding step must move, and what all tokens of a run must compute.

    A step reads every weight of the language model once, and every row's cache.
    """

    weight_bytes: int
    cache_bytes_per_token: int
    flops_per_token: int

    def step_bytes(self, *, rows: int, length: float) -> float:
        """Bytes of one step with so many rows, each with so many tokens in its cache."""
        return self.weight_bytes + rows * length * self.cache_bytes_per_token

    def step_seconds(self, limits: Limits, *, rows: int, length: float) -> float:
        """The least time of a step: the longer of moving and computing."""
        moved = self.step_bytes(rows=rows, length=length) / limits.bandwidth
        return max(moved, rows * self.flops_per_token / limits.matmul)


def work_of(subject: Subject) -> Work:
    """Count what a subject's language model holds."""
    network = subject.network
    config = network.config.text_config
    # A tied head is the embedding: counted once, and read whole for the logits.
    weights = {id(p): p for p in network.model.language_model.parameters()}
    weights |= {id(p): p for p in network.lm_head.parameters()}
    size = next(network.parameters()).element_size()
    count = sum(p.numel() for p in weights.values())
    if not config.tie_word_embeddings:
        count -= network.get_input_embeddings().weight.numel()
    return Work(count * size, subject.engine.backbone.kv_numel * size, 2 * count)


@torch.no_grad()
def measure(device: torch.device, *, megabytes: int, side: int) -> Limits:
    """Copy a buffer and multiply two square matrices, the best of a few rounds.

    On a CPU both ways of multiplying are tried: MKL's and that of packed layers.
    """
    half = device.type == "cuda"
    dtype = torch.bfloat16 if half else torch.float32
    source = torch.ones(megabytes * 2**20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    # Of chance: on equal numbers a GPU draws less power and runs faster than it ever will.
    left = torch.randn(side, side, dtype=dtype, device=device)
    copied = _best(lambda: target.copy_(source), device)
    linear = nn.Linear(side, side, bias=False, device=device, dtype=dtype)
    pack(linear)
    multiplied = min(_best(lambda: left @ left, device), _best(lambda: linear(left), device))
    # A copy reads each byte and writes it.
    return Limits(2 * source.numel() / copied, 2 * side**3 / multiplied)


def _best(run: Callable[[], object], device: torch.device) -> float:
    run()
    taken = []
    for _ in range(_ROUNDS):
        finish(device)
        start = time.perf_counter()
        run()
        finish(device)
        taken.append(time.perf_counter() - start)
    return min(taken)


def finish(device: torch.device) -> None:
    """Wait until a device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
