"""The report of `forethought select`: tables, advice, and examples to read."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.cli import console

if TYPE_CHECKING:
    from forethought.data import DocumentLine, ExampleLines, QueryLine
    from forethought.selection import (
        EffectSummary,
        SelectedInput,
        Selection,
        SelectionReport,
        Share,
    )

_USUAL = (0.5, 0.8)
_MANY = 0.2
_NOTABLE = 0.2
_ENOUGH = 10
_MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells of a table; the first column holds names."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class SelectOutput:
    """What the command prints and writes of a selection; `show` examples of each kind."""

    selection: "Selection"
    report: "SelectionReport"
    lines: "ExampleLines"
    out: Path
    show: int

    def print(self) -> None:
        """Print the report."""
        print(self._headline())
        for grid in self._grids():
            print()
            _print_grid(grid)
        for line in self._advice():
            print(f"\nnote: {line}")
        for chosen in (True, False):
            for text in self._examples(chosen=chosen):
                print()
                for line in text:
                    print(
                        console.one_line(line)
                        if line.strip() == line
                        else f"  {console.one_line(line)}"
                    )

    def markdown(self) -> str:
        """The report as Markdown."""
        parts = [f"# {self._headline()}"]
        for grid in self._grids():
            rows = [grid.header, ("---", *("--:" for _ in grid.header[1:])), *grid.rows]
            table = "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)
            parts.append(f"**{grid.title}**\n\n{table}")
        parts += [f"Note: {line}" for line in self._advice()]
        for chosen in (True, False):
            for first, *others in self._examples(chosen=chosen):
                listed = "\n".join(f"- {_cell(line.strip())}" for line in others)
                parts.append(f"**{_cell(first)}**\n\n{listed}")
        return "\n\n".join(parts) + "\n"

    def payload(self) -> dict[str, object]:
        """The report as JSON; numbers that do not exist are null."""
        table = _plain(asdict(self.report))
        assert isinstance(table, dict)  # noqa: S101 - a report is a dataclass
        rate = self.report.rate
        return {
            "out": str(self.out),
            "inputs": rate.total,
            "with_rationale": rate.count,
            **table,
            "notes": list(self._advice()),
            "examples": [
                [line.strip() for line in text]
                for chosen in (True, False)
                for text in self._examples(chosen=chosen)
            ],
        }

    def _headline(self) -> str:
        rate = self.report.rate
        return (
            f"{console.escape(self.out)}: {console.count_of(rate.total, 'input')}, "
            f"{rate.count} with a rationale ({_percent(rate)}), by {self._rule()}"
        )

    def _rule(self) -> str:
        rule = self.report.rule
        if not rule.by.has_effects:
            return rule.by.value
        gain, margin = rule.bounds
        bounds = [f"gain > {gain:g}"] + ([f"margin > {margin:g}"] if isfinite(margin) else [])
        rate = f", at most {rule.rate:.0%} of a task" if rule.rate else ""
        soft = f", drawn with β {rule.soft:g} and seed {rule.seed}" if rule.soft else ""
        return f"{rule.by} ({', '.join(bounds)}{rate}{soft})"

    def _grids(self) -> Iterator[_Grid]:
        report = self.report
        yield _Grid(
            "tasks",
            ("task", "inputs", "with a rationale"),
            tuple(
                (task, str(share.total), f"{share.count} ({_percent(share)})")
                for task, share in report.tasks.items()
            ),
        )
        yield _Grid(
            "inputs",
            ("outcome", "inputs", "share"),
            tuple(
                (outcome.value, str(count), f"{count / report.rate.total:.0%}")
                for outcome, count in report.outcomes.items()
            ),
        )
        if report.refusals:
            yield _Grid(
                "refused candidates",
                ("reason", "candidates"),
                tuple((reason, str(count)) for reason, count in report.refusals.items()),
            )
        has_effects = report.candidates.count > 0
        names = ("mean gain", "mean margin", "pass", "false-helpful") if has_effects else ()
        likelihood = any(isfinite(one.likelihood) for one in report.workers)
        yield _Grid(
            "workers",
            ("worker", "candidates", *names, *(["likelihood"] * likelihood), "selected"),
            tuple(
                (
                    *(one.worker, str(one.candidates)),
                    *(_cells(one.effects) if has_effects else ()),
                    *([f"{one.likelihood:+.2f}"] * likelihood),
                    f"{one.chosen.count} ({_percent(one.chosen)})",
                )
                for one in report.workers
            ),
        )
        if has_effects:
            rows = (
                ("all candidates", report.candidates),
                ("selected", report.chosen),
                ("swap test: of other inputs", report.swapped),
                ("swap test: of these inputs", report.beside_swapped),
            )
            yield _Grid(
                "effects, in nats",
                ("rationales", "number", *names),
                tuple((name, str(one.count), *_cells(one)) for name, one in rows if one.count),
            )

    def _advice(self) -> Iterator[str]:
        report = self.report
        label = report.refusals.get("states the label", 0)
        total = sum(one.candidates for one in report.workers)
        if 2 * label > total:
            yield (
                f"{label} of {total} candidates state the label; where the answer is what the "
                "thinking comes to, accept them with --allow-label"
            )
        swapped = report.swapped
        is_high = swapped.gain > _NOTABLE or swapped.passing.rate > _MANY
        if swapped.count >= _ENOUGH and is_high:
            yield (
                f"{_percent(swapped.passing)} of other inputs' rationales would pass, with a mean "
                f"gain of {swapped.gain:+.2f}: the evaluator rewards any text; raise the bounds, or "
                "take a stronger one"
            )
        easy = sum(one.choice.outcome == "easy without" for one in self.selection.inputs)
        if 2 * easy > report.rate.total:
            yield (
                f"{easy} of {report.rate.total} targets are found without a rationale, among these "
                "negatives; give examples harder ones, or raise --easy"
            )
        elif report.candidates.count and not _USUAL[0] <= report.rate.rate <= _USUAL[1]:
            yield (
                f"{_percent(report.rate)} of the inputs have a rationale; with 50 to 80 % the model "
                "learns both; --min-gain and --min-margin set it, and nothing is scored again"
            )
        if report.bounds:
            yield (
                f"{report.bounds} scores are bounds only: Yes or No was not among the endpoint's "
                "likeliest tokens"
            )

    def _examples(self, *, chosen: bool) -> Iterator[list[str]]:
        inputs = [one for one in self.selection.inputs if (one.chosen is not None) is chosen]
        # Spread over the file, which may be sorted by task.
        step = max(1, len(inputs) // max(1, self.show))
        for one in islice(inputs[::step], self.show):
            yield self._example(one)

    def _example(self, one: "SelectedInput") -> list[str]:
        line = self.lines[one.place.line]
        text = [
            f"{self.lines.place(one.place.line)}, {one.place.side}: {one.choice.outcome}",
            f"  query: {_words(line.query)}",
            f"  target: {_words(line.positives[max(0, one.place.document)])}",
        ]
        for index, candidate in enumerate(one.candidates):
            effect = candidate.effect
            scores = f"gain {effect.gain:+.2f}, margin {effect.margin:+.2f}" if effect else ""
            if candidate.log_likelihood is not None:
                scores = f"{candidate.log_likelihood:+.2f} per token"
            mark = "selected: " if index == one.choice.chosen else ""
            written = candidate.candidate
            state = ", ".join(filter(None, [scores, candidate.refused]))
            words = _short(f"{written.thinking} → {written.answer}")
            text.append(f"  {mark}{written.worker} ({state}): {words}")
        return text


def _print_grid(grid: _Grid) -> None:
    rows = [tuple(console.one_line(cell) for cell in row) for row in (grid.header, *grid.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(grid.header))]
    print(f"{grid.title}:")
    for row in rows:
        numbers = "  ".join(
            cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)
        )
        print(f"  {row[0]:<{widths[0]}}  {numbers}")


def _cells(one: "EffectSummary") -> tuple[str, ...]:
    return (
        f"{one.gain:+.2f}",
        f"{one.margin:+.2f}",
        _percent(one.passing),
        _percent(one.false_helpful),
    )


def _percent(share: "Share") -> str:
    return f"{share.rate:.0%}" if share.total else "none"


def _words(part: "QueryLine | DocumentLine") -> str:
    pieces = [piece.text or ", ".join(piece.names) for piece in part.content]
    return _short(" + ".join(filter(None, [part.instruction, *pieces])))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}..."


def _cell(text: str) -> str:
    return console.one_line(text).replace("|", "\\|")


def _plain(value: object) -> object:
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
