"""The run as a picture: samples a second of ours and the rivals, and what each promise came to."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from benchmarks.compare import MINE
from benchmarks.decode import Decode
from benchmarks.report import Report
from benchmarks.rows import Bar, Row

OURS, OTHERS = "#4477aa", "#bbbbbb"
"""Paul Tol's bright scheme, as in the other pictures: told apart by colour-blind readers."""
VERDICTS = {"met": "#228833", "missed": "#cc3311"} | dict.fromkeys(
    ("not measured", "not judged"), "#777777"
)
_INK, _PALE = "#222222", "#6b6b6b"
_WIDTH, _LEFT, _RIGHT = 7.0, 2.14, 2.04
_LINE, _HEAD, _FOOT, _TOP = 0.235, 0.28, 0.24, 0.68
_LOG = 30.0
"""From so many times between the slowest and the fastest on, lengths are logarithms."""


def draw(report: Report, path: Path) -> None:
    """Draw every group that ran, how rivals decode, and the promises that are no rival's."""
    groups = list(dict.fromkeys(row.group for row in report.rows if row.times))
    shown = {group: [r for r in report.rows if r.group == group and r.times] for group in groups}
    loose = [bar for bar in report.bars if not bar.rival]
    counts = [len(rows) for rows in shown.values()]
    labels = list(dict.fromkeys(one.label for one in report.decodes))
    decoded = [[one for one in report.decodes if one.label == label] for label in labels]
    counts += [len(decodes) for decodes in decoded]
    below = 0.34 + 0.17 * len(loose)
    height = _TOP + sum(_HEAD + _FOOT + _LINE * count for count in counts) + below
    figure = Figure(figsize=(_WIDTH, height), dpi=200, facecolor="white")
    FigureCanvasAgg(figure)
    _title(figure, report, height)
    top = height - _TOP
    for group, rows in shown.items():
        _rates(_panel(figure, top, len(rows)), group, rows=rows, promised=report.bars)
        top -= _HEAD + _FOOT + _LINE * len(rows)
    for decodes in decoded:
        _shares(_panel(figure, top, len(decodes)), decodes)
        top -= _HEAD + _FOOT + _LINE * len(decodes)
    for place, bar in enumerate(loose):
        y = (below - 0.3 - 0.17 * place) / height
        figure.text(0.02, y, bar.what, fontsize=7.5, color=_INK)
        figure.text(0.985, y, _told(bar), fontsize=7.5, ha="right", color=VERDICTS[bar.verdict])
    figure.savefig(path, format="png")


def _title(figure: Figure, report: Report, height: float) -> None:
    told, versions = report.setting, report.setting["versions"]
    threads = told["threads"]
    threaded = f", {threads} thread{'s' * (threads > 1)}" if told["device"] == "cpu" else ""
    inputs = max(row.inputs for row in report.rows)
    lines = (
        f"{report.workload} · {told['machine']}{threaded} · torch {versions['torch']}, "
        f"transformers {versions['transformers']}",
        f"up to {inputs} inputs · medians; whiskers from the slowest to the quickest round",
    )
    said = "Thinking before embedding: samples a second, side by side in one run"
    figure.text(0.02, 1 - 0.24 / height, said, fontsize=10.5, fontweight="bold", color=_INK)
    for place, line in enumerate(lines):
        y = 1 - (0.41 + 0.135 * place) / height
        figure.text(0.02, y, line, fontsize=6.8, color=_PALE)


def _panel(figure: Figure, top: float, count: int) -> Axes:
    width, height = figure.get_size_inches()
    box = (
        _LEFT / width,
        (top - _HEAD - _LINE * count) / height,
        (width - _LEFT - _RIGHT) / width,
        _LINE * count / height,
    )
    axes = figure.add_axes(box)
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=7.8, labelcolor=_INK, pad=4)
    axes.tick_params(axis="x", length=0, labelsize=6.4, labelcolor=_PALE, pad=1)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylim(count - 0.5, -0.5)
    return axes


def _rates(axes: Axes, group: str, *, rows: Sequence[Row], promised: Sequence[Bar]) -> None:
    rates = [row.rate for row in rows]
    quick = [row.inputs / row.times.low for row in rows if row.times]
    slow = [row.inputs / row.times.high for row in rows if row.times]
    wide = max(quick) > _LOG * min(rates)
    _heading(axes, group + (", log scale" if wide else ""), "ours beside it (the bar)")
    if wide:
        axes.set_xscale("log")
        axes.set_xlim(0.5 * min(slow), 3 * max(quick))
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, 1.24 * max(quick))
        axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _bars(axes, [row.name for row in rows], rates)
    axes.hlines(range(len(rows)), slow, quick, color="#333333", linewidth=0.9)
    for place, row in enumerate(rows):
        axes.annotate(
            f"{rates[place]:.3g}", (quick[place], place), (4, 0), textcoords="offset points",
            va="center", fontsize=7.6, color=_INK,
        )  # fmt: skip
        for bar in promised:
            if (bar.group, bar.rival) == (group, row.name):
                _aside(axes, place, _told(bar), colour=VERDICTS[bar.verdict])


def _shares(axes: Axes, decodes: Sequence[Decode]) -> None:
    _heading(axes, f"share of the roofline while decoding{decodes[0].label}", "tokens/s")
    shares = [100 * one.roofline for one in decodes]
    _bars(axes, [one.name for one in decodes], shares)
    axes.set_xlim(0, 100)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    for place, one in enumerate(decodes):
        axes.annotate(
            f"{shares[place]:.2g}%", (shares[place], place), (4, 0), textcoords="offset points",
            va="center", fontsize=7.6, color=_INK,
        )  # fmt: skip
        _aside(axes, place, f"{one.tokens_per_second:,.0f}", colour=_INK)


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    mine = [name in MINE for name in names]
    axes.barh(
        range(len(names)), values, height=0.68, color=[OURS if one else OTHERS for one in mine]
    )
    axes.set_yticks(range(len(names)), names)
    for label, one in zip(axes.get_yticklabels(), mine, strict=True):
        label.set_fontweight("bold" if one else "normal")


def _heading(axes: Axes, left: str, right: str) -> None:
    height = axes.bbox.height / axes.figure.dpi
    y = 1 + 0.09 / height
    x = -(_LEFT - 0.14) / (_WIDTH - _LEFT - _RIGHT)
    axes.text(x, y, left, transform=axes.transAxes, fontsize=8.6, fontweight="bold", color=_INK)
    edge = 1 + (_RIGHT - 0.1) / (_WIDTH - _LEFT - _RIGHT)
    axes.text(edge, y, right, transform=axes.transAxes, fontsize=7, color=_PALE, ha="right")


def _aside(axes: Axes, place: int, said: str, *, colour: str) -> None:
    edge = 1 + (_RIGHT - 0.1) / (_WIDTH - _LEFT - _RIGHT)
    axes.text(
        edge, place, said, transform=axes.get_yaxis_transform(), fontsize=7.5, color=colour,
        va="center", ha="right",
    )  # fmt: skip


def _told(bar: Bar) -> str:
    sign = "\N{GREATER-THAN OR EQUAL TO}" if bar.at_least else "\N{LESS-THAN OR EQUAL TO}"
    unit = "\N{MULTIPLICATION SIGN}" if bar.unit == "x" else bar.unit
    limit = f"{sign} {bar.limit:g}{unit}"
    if bar.value is None:
        return f"({limit}) {bar.verdict}"
    return f"{bar.value:.2f}{unit} ({limit}) {bar.verdict}"
