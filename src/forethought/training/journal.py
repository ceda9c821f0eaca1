"""The log of a run: one JSON line a step, and a plot."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forethought.files import write_text


@dataclass(frozen=True, slots=True)
class Journal:
    """A file of JSON lines that only grows, except for steps that a resumed run repeats."""

    path: Path

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add one line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def read(self) -> list[dict[str, Any]]:
        """Every whole line; a killed run may have left a part of its last one."""
        if not self.path.exists():
            return []
        entries = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                entries.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return entries

    def truncate(self, step: int) -> None:
        """Drop the entries of `step` and later, which are about to be written again."""
        earlier = [entry for entry in self.read() if entry["step"] < step]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.path, "".join(json.dumps(entry) + "\n" for entry in earlier))

    def plot(self, path: Path) -> None:
        """Draw every term of the loss against the step, smoothed over 20 steps."""
        # Without pyplot, which holds on to every figure and chooses a window system.
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow
        from matplotlib.figure import Figure  # noqa: PLC0415

        entries = self.read()
        names = sorted({name for entry in entries for name in entry["terms"]})
        columns = 3
        rows = max(1, -(-len(names) // columns))
        height = 2.6 * rows
        figure = Figure(figsize=(11, height))
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis, name in zip(axes.flat, names, strict=False):
            points = [(e["step"], e["terms"][name]) for e in entries if name in e["terms"]]
            steps, values = zip(*points, strict=True)
            axis.plot(steps, values, color="0.85", linewidth=0.6)
            axis.plot(steps, _smooth(values, 20), linewidth=1.3)
            axis.set_title(name, fontsize=9)
            axis.grid(alpha=0.2)
        for axis in axes.flat[len(names) :]:
            axis.remove()
        figure.supxlabel("step", fontsize=9, y=0.1 / height)
        # Fixed: a layout that is fitted to the labels draws them all twice.
        figure.subplots_adjust(
            left=0.06,
            right=0.98,
            bottom=0.5 / height,
            top=1 - 0.3 / height,
            hspace=0.35,
            wspace=0.2,
        )
        figure.savefig(path, dpi=110)


def _smooth(values: tuple[float, ...], width: int) -> list[float]:
    """The mean of each value with up to `width` before it."""
    return [
        sum(values[max(0, i - width) : i + 1]) / len(values[max(0, i - width) : i + 1])
        for i in range(len(values))
    ]
