"""How fast tokens come, and how near that is to what the machine could do."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.compare import DIRECT, OURS, STOCK
from benchmarks.roofline import Limits, Work
from benchmarks.rows import Bar, Row

REPORTED = 403
"""UME-R1-2B's mean rationale in tokens (arXiv 2511.00405): the length of the absolute bars."""


@dataclass(frozen=True, slots=True)
class Decode:
    """One rival's decoding: what is left of its time when a direct pass is taken away.

    `roofline` is the share of the machine's best, in [0, 1], for a rival that writes `rows` at
    a time: the least time that weights, cache and sums would take over the time taken.
    """

    name: str
    label: str
    rows: int
    samples_per_second: float
    tokens_per_second: float
    roofline: float
    limits: Limits


def decodings(
    work: Work,
    thought: Sequence[Row],
    read: Sequence[Row],
    *,
    limits: Limits,
    prompt: float,
    label: str = "",
) -> list[Decode]:
    """Work out how every rival that thinks decodes.

    From ours our own direct pass is taken away, from others the stock forward's. `prompt` is
    the mean length of a prompt in tokens.
    """
    direct = {row.name: row for row in read}
    found = []
    for row in thought:
        base = direct[DIRECT if row.name == OURS else STOCK]
        if row.times is None or base.times is None or not row.tokens:
            continue
        seconds = row.inputs / row.rate - row.inputs / base.rate
        if seconds <= 0:
            continue
        batch = min(row.batch, row.inputs)
        length = prompt + row.tokens / row.inputs / 2
        least = row.tokens / batch * work.step_seconds(limits, rows=batch, length=length)
        found.append(
            Decode(row.name, label, batch, row.rate, row.tokens / seconds, least / seconds, limits)
        )
    return found


def gpu_bars(decodes: Sequence[Decode], *, tokens: int) -> list[Bar]:
    """The absolute promises, which hold for one H100 and the 2B shape at 403 tokens."""
    ours = next((one for one in decodes if one.name == OURS), None)
    values = ours and (ours.samples_per_second, ours.tokens_per_second / 1000, 100 * ours.roofline)
    promises = (
        ("thought vectors", 50.0, " samples/s"),
        ("decoding", 20.0, "k tokens/s"),
        ("share of the roofline", 50.0, "%"),
    )
    return [
        Bar(f"{what}, {tokens} tokens", limit, at_least=True, value=value, unit=unit)
        for (what, limit, unit), value in zip(promises, values or (None,) * 3, strict=True)
    ]
