"""The log of a run: one JSON line a step, and a plot."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forethought.files import write_text
from forethought.training.journal_plot import draw_journal


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
        """Draw it as a picture; see `draw_journal`."""
        draw_journal(self.read(), path)
