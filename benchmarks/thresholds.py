"""The thresholds that the engine must meet, most of them ratios within one run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks import comparisons
from benchmarks.decode_rates import DecodeRate
from benchmarks.results import Result, ratio


@dataclass(frozen=True, slots=True)
class Threshold:
    """One requirement: the value must be at least, or at most, the limit.

    `value` None was not measured, and `note` is the reason. `baseline` names the case of `group` that
    ours is compared with, where there is one. At a size for which it was not set it does not
    apply.
    """

    what: str
    limit: float
    at_least: bool
    value: float | None
    unit: str = "x"
    low: float | None = None
    high: float | None = None
    note: str = ""
    group: str = ""
    baseline: str = ""
    applies: bool = True

    @property
    def verdict(self) -> str:
        """One of met, missed, not measured, not applicable."""
        if self.value is None:
            return "not measured"
        if not self.applies:
            return "not applicable"
        met = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "met" if met else "missed"


def thought(results: Sequence[Result], *, card: float = 8.0) -> list[Threshold]:
    """Thought vectors against the baselines that think; `card` is the limit for (a) at batch 1."""
    found = {result.name: result for result in results}
    ours = found[comparisons.OURS]
    return [
        faster("thought vectors / (a) batch 1", ours, found[comparisons.CARD_1], limit=card),
        faster("thought vectors / (b)", ours, found[comparisons.GENERATE], limit=1.5),
        faster("thought vectors / (c) vLLM", ours, found[comparisons.VLLM], limit=1.0),
    ]


def one_pass(results: Sequence[Result]) -> list[Threshold]:
    """What one pass costs beside a direct vector."""
    found = {result.name: result for result in results}
    direct = found[comparisons.DIRECT]
    peer = found[comparisons.SENTENCE_TRANSFORMERS]
    return [
        slower("gate / direct, time", direct, found[comparisons.GATED], limit=1.02),
        slower("re-embedding / direct, time", direct, found[comparisons.REREAD], limit=1.5),
        faster("direct vectors / Sentence Transformers", direct, peer, limit=1.0),
        faster(
            "direct vectors / (d) stock forward", direct, found[comparisons.HF_FORWARD], limit=1.0
        ),
    ]


def sampling(results: Sequence[Result]) -> list[Threshold]:
    """Several samples of one input beside one."""
    found = {result.name: result for result in results}
    one, many = found[comparisons.ONE], found[comparisons.MANY]
    return [slower("8 samples / one, time", one, many, limit=2.5)]


def memory(growth: Mapping[str, int], *, tokens: int, rows: int) -> list[Threshold]:
    """The cards' memory over the weights by each of ours, all at the same batch and length."""
    card = growth["card"]
    return [
        Threshold(
            f"peak memory, (a) / {name}, batch {rows}, {tokens} tokens",
            5.0,
            at_least=True,
            value=card / max(size, 1),
            note=f"{card / 2**20:.1f} / {size / 2**20:.1f} MiB",
        )
        for name, size in growth.items()
        if name != "card"
    ]


def padding(results: Sequence[Result]) -> Threshold:
    """The share of padding in our prefills."""
    share = next(result.padding for result in results if result.name == comparisons.OURS)
    value = None if share is None else 100 * share
    return Threshold("padding in our prefills", 10.0, at_least=False, value=value, unit="%")


def gpu(rates: Sequence[DecodeRate], *, tokens: int) -> list[Threshold]:
    """The absolute requirements, for one H100 and the 2B shape at 403 tokens."""
    ours = next((rate for rate in rates if rate.name == comparisons.OURS), None)
    values = ours and (ours.samples_per_second, ours.tokens_per_second / 1000, 100 * ours.roofline)
    limits = (
        ("thought vectors", 50.0, " samples/s"),
        ("decoding", 20.0, "k tokens/s"),
        ("share of the roofline", 50.0, "%"),
    )
    return [
        Threshold(f"{what}, {tokens} tokens", limit, at_least=True, value=value, unit=unit)
        for (what, limit, unit), value in zip(limits, values or (None,) * 3, strict=True)
    ]


def faster(what: str, ours: Result, other: Result, *, limit: float) -> Threshold:
    """Our rate over the other's, at least the limit."""
    return _ratio(what, ours, other, limit=limit, at_least=True)


def slower(what: str, base: Result, other: Result, *, limit: float) -> Threshold:
    """The other's time over that of the base, at most the limit."""
    return _ratio(what, base, other, limit=limit, at_least=False)


def _ratio(what: str, ours: Result, other: Result, *, limit: float, at_least: bool) -> Threshold:
    found = ratio(ours, other)
    if found is None:
        return Threshold(
            what, limit, at_least, None, note=other.note, group=other.group, baseline=other.name
        )
    disagrees = other.agreement is not None and not other.agreement.holds
    return Threshold(
        what, limit, at_least, found.median, low=found.low, high=found.high,
        note="the vectors disagree" if disagrees else "", group=other.group, baseline=other.name,
    )  # fmt: skip
