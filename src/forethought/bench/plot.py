"""The rivals as bars: samples a second, whiskers from the slowest to the quickest round."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from forethought.bench.compare import OURS
from forethought.bench.report import Report

_OURS, _OTHERS = "#ee6677", "#4477aa"


def bars(report: Report, path: Path) -> None:
    """Draw every group that ran beside the others, each on a scale of its own, to a PNG."""
    ran = [row for row in report.rows if row.times]
    groups = list(dict.fromkeys(row.group for row in ran))
    figure = Figure(figsize=(8.0, 0.9 + 0.42 * (len(ran) + 2 * len(groups))), dpi=150)
    FigureCanvasAgg(figure)
    sizes = [sum(row.group == group for row in ran) for group in groups]
    panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=sizes)[:, 0]
    for axes, group in zip(panels, groups, strict=True):
        rows = [row for row in ran if row.group == group][::-1]
        rates = [row.rate for row in rows]
        slow = [r.rate - r.inputs / r.times.high for r in rows if r.times]
        quick = [r.inputs / r.times.low - r.rate for r in rows if r.times]
        ours = [row.name == OURS or not row.name.startswith("(") for row in rows]
        colours = [_OURS if mine else _OTHERS for mine in ours]
        axes.barh(
            [row.name for row in rows], rates, xerr=[slow, quick], color=colours,
            error_kw={"elinewidth": 0.9, "capsize": 2, "ecolor": "#333333"},
        )  # fmt: skip
        for place, rate in enumerate(rates):
            axes.annotate(f" {rate:.1f}", (rate + quick[place], place), va="center", fontsize=8)
        axes.set_title(f"{group}: samples/s", fontsize=9, loc="left")
        axes.tick_params(labelsize=8)
        axes.set_xlim(0, 1.15 * max(rate + up for rate, up in zip(rates, quick, strict=True)))
        axes.spines[["top", "right"]].set_visible(False)
    where = f"{report.workload}, {report.setting['machine']}, {report.setting['threads']} threads"
    figure.text(0.01, 0.005, where, fontsize=7, color="#555555")
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    figure.savefig(path, format="png")
