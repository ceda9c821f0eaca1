"""The journal of a run as a picture."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

_COLUMNS = 3
_STEP_KEYS = {"loss": "loss (weighted sum)", "rate": "learning rate", "norm": "gradient norm"}
"""What is drawn of a step besides its terms, with a title."""


def draw_journal(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the loss, each of its terms, the learning rate and the gradient norm against the step.

    Behind every mean of a few steps are the steps themselves; dotted lines are where stages begin.
    """
    # Without pyplot, which holds on to every figure and chooses a window system.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow
    from matplotlib.figure import Figure  # noqa: PLC0415

    curves = curves_of(entries)
    rows = max(1, -(-len(curves) // _COLUMNS))
    figure = Figure(figsize=(11, 0.5 + 2.5 * rows))
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, _COLUMNS, squeeze=False, sharex="all")
    begins = stage_begins(entries)
    width = max(1, min(100, len(entries) // 20))
    for axis, (title, points) in zip(axes.flat, curves.items(), strict=False):
        steps, values = zip(*points, strict=True)
        axis.plot(steps, values, color="0.75", linewidth=0.7)
        # The learning rate has no noise.
        smooth = values if title == _STEP_KEYS["rate"] else smoothed(values, width)
        axis.plot(steps, smooth, linewidth=1.3)
        for step in list(begins.values())[1:]:
            axis.axvline(step, color="0.4", linewidth=0.7, linestyle=":")
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=8, labelbottom=True)
        axis.grid(alpha=0.2)
    for axis in axes.flat[len(curves) :]:
        axis.set_visible(False)
    stages = ", ".join(f"{name} from step {step}" for name, step in begins.items())
    bold = [f"bold: mean of {width} steps"] if width > 1 else []
    figure.supxlabel("; ".join(["step", *bold, stages or "none taken"]), fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def curves_of(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Step and value of everything that is drawn, by its title: the loss, its terms, the others."""
    whole = {
        title: [(entry["step"], entry[key]) for entry in entries if key in entry]
        for key, title in _STEP_KEYS.items()
    }
    terms: dict[str, list[tuple[int, float]]] = {}
    for entry in entries:
        for name, value in entry["terms"].items():
            terms.setdefault(name, []).append((entry["step"], value))
    loss, *others = whole.items()
    return {title: points for title, points in [loss, *terms.items(), *others] if points}


def stage_begins(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The first step of every stage."""
    begins = {entry["stage"]: entry["step"] for entry in entries[:1]}
    begins |= {
        entry["stage"]: entry["step"]
        for before, entry in pairwise(entries)
        if entry["stage"] != before["stage"]
    }
    return begins


def smoothed(values: Sequence[float], width: int) -> list[float]:
    """The mean of each value and its neighbours, `width` in all but at the ends."""
    before = width // 2
    windows = [values[max(0, at - before) : at - before + width] for at in range(len(values))]
    return [sum(window) / len(window) for window in windows]
