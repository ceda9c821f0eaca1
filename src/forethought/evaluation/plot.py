"""The measured table as a picture: hit@1 of every system on every task and split."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from forethought.evaluation.bootstrap import Interval, mean_interval
from forethought.evaluation.judge import Judged
from forethought.evaluation.report import SEED

METRIC = "hit@1"
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
"""Paul Tol's bright scheme: told apart by colour-blind readers."""


def bars(judged: Sequence[Judged], path: Path) -> None:
    """Draw grouped bars, a group for each (task, split), with 95% bootstrap whiskers, to a PNG."""
    places = list(dict.fromkeys((one.split, one.task) for one in judged))
    systems = list(dict.fromkeys(one.system for one in judged))
    figure = Figure(figsize=(3.0 + 0.17 * len(places) * (len(systems) + 1), 4.4), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for place, system in enumerate(systems):
        found = {(one.split, one.task): one for one in judged if one.system == system}
        rows = [row for row, key in enumerate(places) if key in found]
        intervals = [mean_interval(found[places[row]].metrics[METRIC], seed=SEED) for row in rows]
        width = 0.84 / len(systems)
        _draw(
            axes,
            np.array(rows) + (place - (len(systems) - 1) / 2) * width,
            intervals,
            style=(system, COLOURS[place % len(COLOURS)], width),
        )
    _label(axes, places)
    figure.tight_layout()
    figure.savefig(path, format="png")


def _draw(
    axes: Axes,
    at: "np.ndarray",
    intervals: Sequence[Interval],
    *,
    style: tuple[str, str, float],
) -> None:
    system, colour, width = style
    means = np.array([one.mean for one in intervals])
    lows = means - [one.low for one in intervals]
    highs = np.array([one.high for one in intervals]) - means
    axes.bar(
        at, means, width, label=system, color=colour, yerr=np.maximum([lows, highs], 0.0),
        error_kw={"elinewidth": 0.9, "capsize": 2, "ecolor": "#333333"},
    )  # fmt: skip


def _label(axes: Axes, places: Sequence[tuple[str, str]]) -> None:
    names = [f"{task}\n{split}" for split, task in places]
    axes.set_xticks(range(len(places)), names, rotation=40, fontsize=8)
    for label in axes.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.6, len(places) - 0.4)
    axes.set_ylabel(f"{METRIC} (whiskers: 95% of query resamples)", fontsize=8)
    axes.set_ylim(0.0, 1.0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left", bbox_to_anchor=(0.0, 1.0))
