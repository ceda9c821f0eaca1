"""A report for people: tables in Markdown and on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

from forethought.evaluation.metrics import METRICS
from forethought.evaluation.report import Report, Row
from forethought.types import Ending

_HEADLINE = "hit@1"
_ENDINGS = "/".join(Ending)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table before it is drawn; the columns after the first `num_names` hold numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_names: int


def markdown(report: Report) -> str:
    """Systems side by side, every row, every difference, and the protocol below."""
    grids = (_glance(report), _rows(report), _differences(report, tuple(METRICS)))
    shown = [_markdown(grid) for grid in grids if grid.rows]
    return "\n\n".join([*shown, _footnote(report)]) + "\n"


def terminal(report: Report) -> tuple[Table, ...]:
    """Every row, and the differences of the headline metric if there are any."""
    grids = (_rows(report), _differences(report, (_HEADLINE,)))
    return tuple(_drawn(grid) for grid in grids if grid.rows)


def _glance(report: Report) -> Grid:
    systems = tuple(dict.fromkeys(_system(row) for row in report.rows))
    found = {(row["task"], row["split"], _system(row)): row[_HEADLINE] for row in report.rows}
    pairs = dict.fromkeys((row["a"], row["b"]) for row in report.differences)
    # The first pair alone: the model in question thinking more against thinking less.
    first = list(pairs)[:1]
    gains = {
        (row["task"], row["split"]): _interval(row)
        for row in report.differences
        if row["metric"] == _HEADLINE and (row["a"], row["b"]) in first
    }
    rows = tuple(
        (
            *(task, split, str(queries)),
            *(_share(found[task, split, system]) for system in systems),
            *(gains[task, split] for _ in first),
        )
        for task, split, queries in dict.fromkeys(
            (row["task"], row["split"], row["queries"]) for row in report.rows
        )
    )
    header = ("task", "split", "queries", *systems, *(f"{a} less {b}" for a, b in first))
    return Grid(f"{_HEADLINE} side by side [95% paired bootstrap]", header, rows, 2)


def _rows(report: Report) -> Grid:
    rows = tuple(
        (row["task"], row["split"], _system(row), str(row["queries"]), *_metrics(row), *_price(row))
        for row in report.rows
    )
    header = ("task", "split", "system", "queries", *METRICS, "tokens", _ENDINGS)
    return Grid("Every task and split", header, rows, 3)


def _differences(report: Report, metrics: Sequence[str]) -> Grid:
    found: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in report.differences:
        place = (row["task"], row["split"], f"{row['a']} less {row['b']}")
        found.setdefault(place, {})[row["metric"]] = row
    rows = tuple(
        (*place, *(_interval(of[metric]) for metric in metrics)) for place, of in found.items()
    )
    title = "Paired differences over queries, mean [95% bootstrap interval]"
    return Grid(title, ("task", "split", "systems", *metrics), rows, 3)


def _system(row: Row) -> str:
    return f"{row['model']} {row['think']}"


def _metrics(row: Row) -> tuple[str, ...]:
    return tuple(_share(row[metric]) for metric in METRICS)


def _share(value: float) -> str:
    return f"{value:.3f}"


def _interval(row: Row) -> str:
    return f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"


def _price(row: Row) -> tuple[str, str]:
    return f"{row['tokens']:.1f}", "/".join(str(row["endings"][ending]) for ending in Ending)


def _markdown(grid: Grid) -> str:
    rules = ["---"] * grid.num_names + ["---:"] * (len(grid.header) - grid.num_names)
    lines = [_line(grid.header), _line(rules), *(_line(row) for row in grid.rows)]
    return f"**{grid.title}**\n\n" + "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _footnote(report: Report) -> str:
    how = report.protocol
    models = ", ".join(f"{name} `{told['revision']}`" for name, told in how["models"].items())
    versions = ", ".join(f"{name} {version}" for name, version in how["versions"].items())
    cap = "" if how["queries_cap"] is None else f" At most {how['queries_cap']} queries a split."
    return (
        f"Protocol: {how['benchmark']}, data `{how['data_revision']}`; {models}; documents think: "
        f"{how['think']['document']}. Means: {how['mean']}. Ties: {how['ties']}.{cap} "
        f"{how['interval']['resamples']} resamples, seed {how['interval']['seed']}. {versions}."
    )


def _drawn(grid: Grid) -> Table:
    table = Table(title=grid.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    # Task and split share a column, and are said once a group, to fit a hundred columns.
    for place, name in enumerate(("task, split", *grid.header[2:]), start=1):
        names = place < grid.num_names
        table.add_column(name.replace("/", "/\n"), justify="left" if names else "right")
    before = ""
    for task, split, *rest in grid.rows:
        label = f"{task}, {split}"
        if before and label != before:
            table.add_section()
        table.add_row("" if label == before else label, *rest)
        before = label
    return table
