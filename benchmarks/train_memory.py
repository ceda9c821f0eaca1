"""The peak of a step's activations by its number of pairs, with GradCache and without."""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil
import torch

from benchmarks.fed_tokens import count_tokens
from benchmarks.step_memory import peak_bytes
from benchmarks.thresholds import Threshold
from benchmarks.train_setups import TrainSetup

GROWTH_LIMIT = 1.5
"""Over the whole range: what is stored of each pair, its states, is not nothing."""
_FEWEST = 64
_ROWS, _TOKENS = 16, 768
"""Limits of a pass with GradCache that `_FEWEST` pairs fill: memory grows until passes are full."""
_SHARE = 0.5
"""A step without GradCache runs where it is expected to take at most this share of free memory."""


@dataclass(frozen=True, slots=True)
class StepMemory:
    """The peak over weights and gradients, in bytes, of one step's forward and backward pass.

    None where it was not run, with the reason in `note`. `largest` is the number of tokens of the
    largest pass, padding included.
    """

    setup: str
    pairs: int
    largest: int
    plain: int | None
    grad_cache: int | None
    note: str = ""


def measure_memory(setup: TrainSetup, batches: Sequence[int]) -> list[StepMemory]:
    """Measure rising numbers of pairs."""
    limits = setup.recipe.memory
    rows, tokens = min(limits.rows, _ROWS), min(limits.tokens, _TOKENS)
    cached = setup.with_memory(grad_cache=True, rows=rows, tokens=tokens)
    # What a step allocates once: gradients, and what libraries make at first use.
    _backward(setup.with_batch(min(batches)))
    found: list[StepMemory] = []
    for batch in batches:
        note = _too_large(found, batch, setup.device)
        plain = None if note else _peak(setup.with_batch(batch))
        if plain is None and not note:
            note = "without it: out of memory"
        pairs = len(setup.with_batch(batch).drawn(0).pairs)
        with count_tokens(setup.state.network) as fed:
            peak = _peak(cached.with_batch(batch))
        found.append(StepMemory(setup.name, pairs, fed.largest, plain, peak, note))
    setup.state.optimizer.zero_grad(set_to_none=True)
    return found


def growth(rows: Sequence[StepMemory]) -> list[Threshold]:
    """The peak of the most pairs over that of the fewest, with GradCache, for each setup."""
    peaks: dict[str, dict[int, int]] = {}
    for row in rows:
        if row.grad_cache and row.pairs >= _FEWEST:
            peaks.setdefault(row.setup, {})[row.pairs] = row.grad_cache
    return [
        Threshold(
            f"{name}: GradCache's peak, {max(of)} pairs / {min(of)}",
            GROWTH_LIMIT,
            at_least=False,
            value=of[max(of)] / of[min(of)],
        )
        for name, of in peaks.items()
        if len(of) > 1
    ]


def _too_large(rows: Sequence[StepMemory], batch: int, device: torch.device) -> str:
    """Why a batch is not run without GradCache; empty if it is."""
    before = next((row for row in reversed(rows) if row.plain), None)
    if before is None or before.plain is None:
        return rows[-1].note if rows else ""
    expected = before.plain * batch / before.pairs
    free = psutil.virtual_memory().available
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
    if expected <= _SHARE * free:
        return ""
    return f"without it: not run, about {expected / 2**30:.0f} GiB"


def _peak(setup: TrainSetup) -> int | None:
    """None if it is out of memory."""
    try:
        return peak_bytes(lambda: _backward(setup), setup.device)
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        return None


def _backward(setup: TrainSetup) -> None:
    (batch,) = setup.state.train_step.batches(0)
    with torch.autocast(setup.device.type, torch.bfloat16, enabled=setup.bf16):
        loss, _ = setup.state.module(batch)
    loss.backward()
