"""The tables and the plots of docs/training.md, from the scores in docs/training_SUITE.json."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.objective_results import ObjectiveResult, PooledScore, ResultFile
from benchmarks.objective_suites import Suite
from forethought.errors import DataError
from forethought.evaluation import Interval
from forethought.files import atomic, write_text

_DIRECT, _THOUGHT = "#bbbbbb", "#4477aa"
"""Paul Tol's bright scheme, as in the other pictures: safe for colour-blind readers."""


def write_report(results: ResultFile, suite: Suite, page: Path) -> None:
    """Replace a suite's tables on a page, and draw its plot.

    Raises:
        DataError: if the page lacks the suite's marks, or the baseline was not measured.
    """
    begin, end = (f"<!-- {suite.name}: {mark} -->" for mark in ("begin", "end"))
    text = page.read_text(encoding="utf-8")
    if text.count(begin) != 1 or text.count(end) != 1:
        raise DataError(f"{page}: needs {begin} and {end}, once each, around the tables")
    before, _, rest = text.partition(begin)
    tables = "\n".join([*_table(results, suite), *_retained(results, suite)])
    write_text(page, f"{before}{begin}\n\n{tables}\n\n{end}{rest.partition(end)[2]}")
    with atomic(suite.plot) as temporary:
        _draw(_ordered(results, suite), temporary)


def _ordered(results: ResultFile, suite: Suite) -> list[ObjectiveResult]:
    found = (
        results.find(variant.name, think)
        for variant in suite.variants
        for think in ("never", "always")
    )
    return [one for one in found if one is not None]


def _table(results: ResultFile, suite: Suite) -> Iterator[str]:
    base = results.find(suite.baseline, "never")
    if base is None:
        raise DataError(
            f"{suite.baseline} was not measured; every difference is to its direct vectors"
        )
    pools = [pool.name for pool in base.pools]
    header = [
        "objective",
        "queries, documents",
        *pools,
        "less the twin, all",
        "exact",
        "where not exact",
        "tokens",
        "minutes",
    ]
    yield _line(header)
    yield "|---|---|" + "--:|" * (len(header) - 2)
    for one in _ordered(results, suite):
        scores = [_score(one.pool(name)) for name in pools]
        gap = one.difference(base, pools[0])
        difference = "" if one is base else _gap(gap)
        pool = one.pool(pools[0])
        cells = [
            one.label,
            f"{_mode(one.think)}, {_mode(one.documents)}",
            *scores,
            difference,
            _mean(pool.exact),
            _mean(pool.wrong),
            f"{one.tokens:.1f}",
            f"{min(one.seconds) / 60:.1f}" if one.seconds else "",
        ]
        yield _line(cells)


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else ""


def _score(pool: PooledScore) -> str:
    spread = f" ± {pool.deviation:.3f}" if len(pool.seeds) > 1 else ""
    return f"{pool.mean:.3f}{spread}"


def _retained(results: ResultFile, suite: Suite) -> Iterator[str]:
    """Of each student, how much of its teacher's gain by thinking its direct vectors have."""
    for student, teacher in suite.distilled.items():
        learned = results.find(student, "never")
        direct, thought = (results.find(teacher, think) for think in ("never", "always"))
        if learned is None or direct is None or thought is None:
            continue
        names = [pool.name for pool in learned.pools]
        gains = [thought.difference(direct, name) for name in names]
        student_gains = [learned.difference(direct, name) for name in names]
        both = zip(student_gains, gains, strict=True)
        yield ""
        yield _line([learned.label, *names])
        yield "|---|" + "--:|" * len(names)
        yield _line(["gain of thinking, the teacher", *map(_gap, gains)])
        yield _line(["gain of the direct student", *map(_gap, student_gains)])
        yield _line(["retained", *(_share(gain, whole) for gain, whole in both)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _gap(gap: Interval) -> str:
    return f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]"


def _share(part: Interval, whole: Interval) -> str:
    """A share of a gain, where the gain is one for certain."""
    return f"{part.mean / whole.mean:.0%}" if whole.low > 0 else "no gain"


def _mode(think: str) -> str:
    return "direct" if think == "never" else "thought"


def _draw(results: Sequence[ObjectiveResult], path: Path) -> None:
    """A row of dots an objective: each seed's hit@1 over all held-out questions."""
    labels = list(dict.fromkeys(one.label for one in results))
    figure = Figure(figsize=(8.0, 0.9 + 0.36 * len(labels)), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for one in results:
        pool = one.pools[0]
        is_direct = one.think == "never"
        height = len(labels) - labels.index(one.label) + (0.12 if is_direct else -0.12)
        colour = _DIRECT if is_direct else _THOUGHT
        axes.plot(pool.seeds, [height] * len(pool.seeds), "o", color=colour, markersize=4.5)
        axes.plot([pool.mean], [height], "|", color="#222222", markersize=11)
    axes.set_yticks(range(1, len(labels) + 1), labels[::-1], fontsize=8)
    axes.set_xlabel("hit@1 over all held-out questions: a dot a seed, a bar their mean", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for label, colour in (("direct query", _DIRECT), ("thought query", _THOUGHT)):
        axes.plot([], [], "o", color=colour, label=label, markersize=4.5)
    axes.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    figure.tight_layout()
    figure.savefig(path, format="png")
