"""The table and the plot of docs/training.md, from the scores in docs/training.json."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.objective_results import ObjectiveResult, ResultFile
from forethought.errors import DataError
from forethought.files import atomic, write_text

BEGIN, END = "<!-- objectives: begin -->", "<!-- objectives: end -->"
_DIRECT, _THOUGHT = "#bbbbbb", "#4477aa"
"""Paul Tol's bright scheme, as in the other pictures: safe for colour-blind readers."""


def write_report(
    results: ResultFile, *, variants: Sequence[str], baseline: str, page: Path, plot: Path
) -> None:
    """Replace the table of a page, and draw the plot.

    Raises:
        DataError: if the page lacks the marks, or the baseline was not measured.
    """
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise DataError(f"{page}: needs {BEGIN} and {END}, once each, around the table")
    before, _, rest = text.partition(BEGIN)
    table = "\n".join(_table(results, variants, baseline))
    write_text(page, f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}")
    with atomic(plot) as temporary:
        _draw(_ordered(results, variants), temporary)


def _ordered(results: ResultFile, variants: Sequence[str]) -> list[ObjectiveResult]:
    found = (results.find(name, think) for name in variants for think in ("never", "always"))
    return [one for one in found if one is not None]


def _table(results: ResultFile, variants: Sequence[str], baseline: str) -> Iterator[str]:
    base = results.find(baseline, "never")
    if base is None:
        raise DataError(f"{baseline} was not measured; every difference is to its direct vectors")
    pools = [pool.name for pool in base.pools]
    header = [
        "objective",
        "queries, documents",
        *pools,
        "less the twin, all",
        "exact",
        "tokens",
        "minutes",
    ]
    yield f"| {' | '.join(header)} |"
    yield "|---|---|" + "--:|" * (len(header) - 2)
    for one in _ordered(results, variants):
        scores = [f"{one.pool(name).mean:.3f} ± {one.pool(name).deviation:.3f}" for name in pools]
        gap = one.difference(base, pools[0])
        difference = "" if one is base else f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]"
        exact = one.pool(pools[0]).exact
        cells = [
            one.label,
            f"{_mode(one.think)}, {_mode(one.documents)}",
            *scores,
            difference,
            f"{sum(exact) / len(exact):.3f}" if exact else "",
            f"{one.tokens:.1f}",
            f"{min(one.seconds) / 60:.1f}",
        ]
        yield f"| {' | '.join(cells)} |"


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
