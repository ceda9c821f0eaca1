"""How fast tokens come, and how near that is to what the machine could do."""

from dataclasses import dataclass

from forethought.bench.roofline import Limits, work_of
from forethought.bench.rows import Bar, Row
from forethought.bench.subject import Subject


@dataclass(frozen=True, slots=True)
class Decode:
    """One run's decoding: what is left of its time when a direct pass is taken away.

    `roofline` is the share of the machine's best, in [0, 1]: the least time that weights,
    cache and sums would take over the time taken.
    """

    name: str
    samples_per_second: float
    tokens_per_second: float
    roofline: float
    limits: Limits


def decoding(
    subject: Subject, thought: Row, direct: Row, *, limits: Limits, name: str, prompt: float
) -> Decode | None:
    """Work out a run's decoding; `prompt` is the mean length of a prompt in tokens."""
    if thought.times is None or direct.times is None or not thought.tokens:
        return None
    seconds = thought.times.median - direct.times.median
    if seconds <= 0:
        return None
    rows = min(thought.inputs, subject.encoder.engine.limits.rows)
    steps = thought.tokens / rows
    length = prompt + thought.tokens / thought.inputs / 2
    least = steps * work_of(subject).step_seconds(limits, rows=rows, length=length)
    return Decode(name, thought.rate, thought.tokens / seconds, least / seconds, limits)


def gpu_bars(decode: Decode | None, *, tokens: int) -> list[Bar]:
    """The absolute promises, which hold for one H100 and the 2B shape at 403 tokens."""
    found = decode and (
        decode.samples_per_second, decode.tokens_per_second / 1000, 100 * decode.roofline
    )  # fmt: skip
    values = found or (None, None, None)
    return [
        Bar(
            f"thought vectors, {tokens} tokens",
            50.0,
            at_least=True,
            value=values[0],
            unit=" samples/s",
        ),
        Bar(f"decoding, {tokens} tokens", 20.0, at_least=True, value=values[1], unit="k tokens/s"),
        Bar(
            f"share of the roofline, {tokens} tokens",
            50.0,
            at_least=True,
            value=values[2],
            unit="%",
        ),
    ]
