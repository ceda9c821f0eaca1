"""The report as a picture: samples a second of every case, and the thresholds met and missed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from benchmarks.bench_report import BenchReport
from benchmarks.comparisons import OUR_CASES
from benchmarks.decode_rates import DecodeRate
from benchmarks.results import Result
from benchmarks.thresholds import Threshold

OURS, BASELINES = "#4477aa", "#bbbbbb"
"""Paul Tol's bright scheme, as in the other pictures: safe for colour-blind readers."""
VERDICTS = {"met": "#228833", "missed": "#cc3311"} | dict.fromkeys(
    ("not measured", "not applicable"), "#777777"
)
_INK, _PALE = "#222222", "#6b6b6b"
_WIDTH, _LEFT, _RIGHT = 7.0, 2.32, 2.04
_LINE, _HEAD, _FOOT, _TOP = 0.235, 0.28, 0.24, 0.68
_LOG = 30.0
"""From this ratio between the fastest and the slowest on, the axis is logarithmic."""


def draw(report: BenchReport, path: Path) -> None:
    """Draw every group that ran, the decode rates, and the thresholds that name no baseline."""
    ran = [result for result in report.results if result.times]
    groups = {name: [r for r in ran if r.group == name] for name in _unique(r.group for r in ran)}
    labels = _unique(rate.label for rate in report.decode_rates)
    decoded = [[rate for rate in report.decode_rates if rate.label == one] for one in labels]
    others = [threshold for threshold in report.thresholds if not threshold.baseline]
    counts = [*map(len, groups.values()), *map(len, decoded)]
    below = 0.34 + 0.17 * len(others)
    height = _TOP + sum(_HEAD + _FOOT + _LINE * count for count in counts) + below
    figure = Figure(figsize=(_WIDTH, height), dpi=200, facecolor="white")
    FigureCanvasAgg(figure)
    _title(figure, report, height)
    top = height - _TOP
    for group, results in groups.items():
        axes = _panel(figure, top, len(results))
        _samples(axes, group, results=results, thresholds=report.thresholds)
        top -= _HEAD + _FOOT + _LINE * len(results)
    for rates in decoded:
        _roofline(_panel(figure, top, len(rates)), rates)
        top -= _HEAD + _FOOT + _LINE * len(rates)
    for number, threshold in enumerate(others):
        y = (below - 0.3 - 0.17 * number) / height
        colour = VERDICTS[threshold.verdict]
        figure.text(0.02, y, threshold.what, fontsize=7.5, color=_INK)
        figure.text(0.985, y, _text(threshold), fontsize=7.5, ha="right", color=colour)
    figure.savefig(path, format="png")


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _title(figure: Figure, report: BenchReport, height: float) -> None:
    setting, versions = report.setting, report.setting["versions"]
    threads = setting["threads"]
    on_cpu = f", {threads} thread{'s' * (threads > 1)}" if setting["device"] == "cpu" else ""
    inputs = max(result.inputs for result in report.results)
    lines = (
        f"{report.workload} · {setting['machine']}{on_cpu} · torch {versions['torch']}, "
        f"transformers {versions['transformers']}",
        f"up to {inputs} inputs · medians; whiskers from the slowest to the fastest round",
    )
    title = "Thinking before embedding: samples a second, side by side in one run"
    figure.text(0.02, 1 - 0.24 / height, title, fontsize=10.5, fontweight="bold", color=_INK)
    for number, line in enumerate(lines):
        y = 1 - (0.41 + 0.135 * number) / height
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


def _samples(
    axes: Axes, group: str, *, results: Sequence[Result], thresholds: Sequence[Threshold]
) -> None:
    rates = [result.rate for result in results]
    fast = [result.inputs / result.times.low for result in results if result.times]
    slow = [result.inputs / result.times.high for result in results if result.times]
    wide = max(fast) > _LOG * min(rates)
    _heading(axes, group + (", log scale" if wide else ""), "ours / baseline (threshold)")
    if wide:
        axes.set_xscale("log")
        axes.set_xlim(0.5 * min(slow), 3 * max(fast))
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, 1.24 * max(fast))
        axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _bars(axes, [result.name for result in results], rates)
    axes.hlines(range(len(results)), slow, fast, color="#333333", linewidth=0.9)
    for row, result in enumerate(results):
        _value_label(axes, row, end=fast[row], text=f"{rates[row]:.3g}")
        for threshold in thresholds:
            if (threshold.group, threshold.baseline) == (group, result.name):
                _right(axes, row, _text(threshold), colour=VERDICTS[threshold.verdict])


def _roofline(axes: Axes, rates: Sequence[DecodeRate]) -> None:
    _heading(axes, f"share of the roofline while decoding{rates[0].label}", "tokens/s")
    shares = [100 * rate.roofline for rate in rates]
    _bars(axes, [rate.name for rate in rates], shares)
    axes.set_xlim(0, 100)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    for row, rate in enumerate(rates):
        _value_label(axes, row, end=shares[row], text=f"{shares[row]:.2g}%")
        _right(axes, row, f"{rate.tokens_per_second:,.0f}", colour=_INK)


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    ours = [name in OUR_CASES for name in names]
    colours = [OURS if one else BASELINES for one in ours]
    axes.barh(range(len(names)), values, height=0.68, color=colours)
    axes.set_yticks(range(len(names)), names)
    for label, one in zip(axes.get_yticklabels(), ours, strict=True):
        label.set_fontweight("bold" if one else "normal")


def _heading(axes: Axes, left: str, right: str) -> None:
    height = axes.bbox.height / axes.figure.dpi
    y = 1 + 0.09 / height
    x = -(_LEFT - 0.14) / (_WIDTH - _LEFT - _RIGHT)
    axes.text(x, y, left, transform=axes.transAxes, fontsize=8.6, fontweight="bold", color=_INK)
    axes.text(_edge(), y, right, transform=axes.transAxes, fontsize=7, color=_PALE, ha="right")


def _value_label(axes: Axes, row: int, *, end: float, text: str) -> None:
    axes.annotate(
        text, (end, row), (4, 0), textcoords="offset points", va="center", fontsize=7.6, color=_INK
    )


def _right(axes: Axes, row: int, text: str, *, colour: str) -> None:
    axes.text(
        _edge(), row, text, transform=axes.get_yaxis_transform(), fontsize=7.5, color=colour,
        va="center", ha="right",
    )  # fmt: skip


def _edge() -> float:
    """The picture's right margin in the axes' coordinates."""
    return 1 + (_RIGHT - 0.1) / (_WIDTH - _LEFT - _RIGHT)


def _text(threshold: Threshold) -> str:
    sign = "\N{GREATER-THAN OR EQUAL TO}" if threshold.at_least else "\N{LESS-THAN OR EQUAL TO}"
    unit = "\N{MULTIPLICATION SIGN}" if threshold.unit == "x" else threshold.unit
    limit = f"{sign} {threshold.limit:g}{unit}"
    if threshold.value is None:
        return f"({limit}) {threshold.verdict}"
    return f"{threshold.value:.2f}{unit} ({limit}) {threshold.verdict}"
