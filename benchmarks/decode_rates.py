"""How fast each case decodes, and how near that is to the roofline."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.comparisons import DIRECT, HF_FORWARD, OURS
from benchmarks.results import Result
from forethought.doctor import DecodeCost, MachineRates


@dataclass(frozen=True, slots=True)
class DecodeRate:
    """One case's decoding: its time less that of a direct pass.

    `roofline` is the share of the machine's best, in [0, 1], for a case that decodes `rows` at
    a time: the least time for weights, cache and operations over the time taken.
    """

    name: str
    label: str
    rows: int
    samples_per_second: float
    tokens_per_second: float
    roofline: float
    rates: MachineRates


def decode_rates(
    cost: DecodeCost,
    thought: Sequence[Result],
    one_pass: Sequence[Result],
    *,
    rates: MachineRates,
    prompt_tokens: float,
    label: str = "",
) -> list[DecodeRate]:
    """The decode rate of every case that thinks.

    Our own direct pass is subtracted from ours, the stock forward from the others.
    `prompt_tokens` is the mean length of a prompt.
    """
    passes = {result.name: result for result in one_pass}
    found = []
    for result in thought:
        base = passes[DIRECT if result.name == OURS else HF_FORWARD]
        if result.times is None or base.times is None or not result.tokens:
            continue
        seconds = result.inputs / result.rate - result.inputs / base.rate
        if seconds <= 0:
            continue
        least = cost.least_seconds(
            rates, tokens=result.tokens, inputs=result.inputs, rows=result.batch,
            prompt_tokens=prompt_tokens,
        )  # fmt: skip
        rows = min(result.batch, result.inputs)
        tokens_per_second = result.tokens / seconds
        found.append(
            DecodeRate(
                result.name, label, rows, result.rate, tokens_per_second, least / seconds, rates
            )
        )
    return found
