"""A bar chart of the headline metric of every system on every task and split."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from forethought.evaluation.bootstrap import Interval, mean_interval
from forethought.evaluation.evaluate import TaskResult
from forethought.evaluation.protocol import SEED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
"""Paul Tol's bright scheme, which colour-blind readers can distinguish."""

_GROUP_WIDTH = 0.84  # of the distance between two groups


def plot_bars(results: Sequence[TaskResult], path: Path) -> None:
    """Draw a group of bars for each (task, split), with 95% bootstrap whiskers, to a PNG.

    Raises:
        ModuleNotFoundError: if matplotlib is not installed.
    """
    # An extra, and slow to import.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    groups = list(dict.fromkeys((result.split, result.task) for result in results))
    systems = list(dict.fromkeys(result.system for result in results))
    metric = next(iter(results[0].metrics))
    figure = Figure(figsize=(3.0 + 0.17 * len(groups) * (len(systems) + 1), 4.4), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    width = _GROUP_WIDTH / len(systems)
    for index, system in enumerate(systems):
        found = {(one.split, one.task): one for one in results if one.system == system}
        rows = [row for row, key in enumerate(groups) if key in found]
        _draw(
            axes,
            np.array(rows) + (index - (len(systems) - 1) / 2) * width,
            [mean_interval(found[groups[row]].metrics[metric], seed=SEED) for row in rows],
            width=width,
            label=system,
            colour=COLOURS[index % len(COLOURS)],
        )
    _label(axes, groups, metric)
    figure.tight_layout()
    figure.savefig(path, format="png")


def _draw(
    axes: "Axes",
    centres: Float[np.ndarray, " N"],
    intervals: Sequence[Interval],
    *,
    width: float,
    label: str,
    colour: str,
) -> None:
    means = np.array([one.mean for one in intervals])
    below = means - [one.low for one in intervals]
    above = np.array([one.high for one in intervals]) - means
    axes.bar(
        centres, means, width, label=label, color=colour, yerr=np.maximum([below, above], 0.0),
        error_kw={"elinewidth": 0.9, "capsize": 2, "ecolor": "#333333"},
    )  # fmt: skip


def _label(axes: "Axes", groups: Sequence[tuple[str, str]], metric: str) -> None:
    names = [f"{task}\n{split}" for split, task in groups]
    axes.set_xticks(range(len(groups)), names, rotation=40, fontsize=8)
    for label in axes.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.6, len(groups) - 0.4)
    axes.set_ylabel(f"{metric} (whiskers: 95% of query resamples)", fontsize=8)
    axes.set_ylim(0.0, 1.0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left", bbox_to_anchor=(0.0, 1.0))
