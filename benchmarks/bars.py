"""The promises the engine is held to, each a ratio within one run."""

from collections.abc import Mapping, Sequence

from benchmarks import compare
from benchmarks.rows import Bar, Row, ratio


def thought(rows: Sequence[Row], *, card: float = 8.0) -> list[Bar]:
    """Thought vectors beside the rivals that think; `card` is the bar over (a) at batch 1."""
    found = {row.name: row for row in rows}
    ours = found[compare.OURS]
    return [
        _faster("thought vectors / (a) batch 1", ours, found[compare.CARD_1], limit=card),
        _faster("thought vectors / (b)", ours, found[compare.PLAIN], limit=1.5),
        _faster("thought vectors / (c) vLLM", ours, found[compare.VLLM], limit=1.0),
    ]


def one_pass(rows: Sequence[Row]) -> list[Bar]:
    """What one pass costs beside a direct vector."""
    found = {row.name: row for row in rows}
    direct = found[compare.DIRECT]
    return [
        _longer("gate / direct, time", direct, found[compare.GATED], limit=1.02),
        _longer("re-embedding / direct, time", direct, found[compare.REREAD], limit=1.5),
        _faster(
            "direct vectors / Sentence Transformers", direct, found[compare.SENTENCES], limit=1.0
        ),
        _faster("direct vectors / (d) stock forward", direct, found[compare.STOCK], limit=1.0),
    ]


def many(rows: Sequence[Row]) -> list[Bar]:
    """Several samples of one input beside one."""
    found = {row.name: row for row in rows}
    one, more = found[compare.ONE], found[compare.MANY]
    return [_longer("8 samples / one, time", one, more, limit=2.5)]


def memory(grown: Mapping[str, int], *, tokens: int, rows: int) -> list[Bar]:
    """The cards' growth over the weights by each of ours, all at the same batch and length."""
    card = grown["card"]
    return [
        Bar(
            f"peak memory, (a) / {name}, batch {rows}, {tokens} tokens",
            5.0,
            at_least=True,
            value=card / max(size, 1),
            note=f"{card / 2**20:.1f} / {size / 2**20:.1f} MiB",
        )
        for name, size in grown.items()
        if name != "card"
    ]


def padded(rows: Sequence[Row]) -> Bar:
    """How much of what we read is padding."""
    share = next(row.padding for row in rows if row.name == compare.OURS)
    value = None if share is None else 100 * share
    return Bar("padding in our prefills", 10.0, at_least=False, value=value, unit="%")


def _faster(what: str, ours: Row, other: Row, *, limit: float) -> Bar:
    return _bar(what, ours, other, limit=limit, at_least=True)


def _longer(what: str, base: Row, other: Row, *, limit: float) -> Bar:
    return _bar(what, base, other, limit=limit, at_least=False)


def _bar(what: str, ours: Row, other: Row, *, limit: float, at_least: bool) -> Bar:
    found = ratio(ours, other)
    if found is None:
        return Bar(
            what, limit, at_least, None, note=other.note, group=other.group, rival=other.name
        )
    bad = other.agreement is not None and not other.agreement.holds
    return Bar(
        what, limit, at_least, found.median, low=found.low, high=found.high,
        note="the vectors disagree" if bad else "", group=other.group, rival=other.name,
    )  # fmt: skip
