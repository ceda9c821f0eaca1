"""A report for people: tables in Markdown and on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from forethought.evaluation.metrics import METRICS
from forethought.evaluation.report import Report, Row

_HEADLINE = "hit@1"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table before it is drawn; the columns after the first `num_names` hold numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_names: int


def grids(report: Report) -> tuple[Grid, ...]:
    """Side by side at a glance, then every row, then every difference."""
    return (_glance(report), _rows(report), _differences(report))


def markdown(report: Report) -> str:
    """Every table, with the protocol below."""
    return "\n\n".join([*(_markdown(grid) for grid in grids(report)), _footnote(report)]) + "\n"


def terminal(report: Report) -> tuple[Table, ...]:
    """Every table but the first, which repeats the second's headline metric."""
    return tuple(_drawn(grid) for grid in grids(report)[1:])


def _glance(report: Report) -> Grid:
    systems = tuple(dict.fromkeys(_system(row) for row in report.rows))
    found = {(row["task"], row["split"], _system(row)): row[_HEADLINE] for row in report.rows}
    places = dict.fromkeys((row["task"], row["split"], row["queries"]) for row in report.rows)
    rows = tuple(
        (task, split, str(queries), *(_share(found[task, split, system]) for system in systems))
        for task, split, queries in places
    )
    return Grid(f"{_HEADLINE} side by side", ("task", "split", "queries", *systems), rows, 2)


def _rows(report: Report) -> Grid:
    rows = tuple(
        (row["task"], row["split"], _system(row), str(row["queries"]), *_metrics(row), *_price(row))
        for row in report.rows
    )
    header = ("task", "split", "system", "queries", *METRICS, "tokens", "endings")
    return Grid("Every task and split", header, rows, 3)


def _differences(report: Report) -> Grid:
    found: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in report.differences:
        place = (row["task"], row["split"], f"{row['a']} vs {row['b']}")
        found.setdefault(place, {})[row["metric"]] = row
    rows = tuple(
        (*place, *(_interval(metrics[metric]) for metric in METRICS))
        for place, metrics in found.items()
    )
    title = "First less second, mean [95% paired bootstrap interval over queries]"
    return Grid(title, ("task", "split", "systems", *METRICS), rows, 3)


def _system(row: Row) -> str:
    return f"{row['model']} {row['think']}"


def _metrics(row: Row) -> tuple[str, ...]:
    return tuple(_share(row[metric]) for metric in METRICS)


def _share(value: float) -> str:
    return f"{value:.3f}"


def _interval(row: Row) -> str:
    return f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"


def _price(row: Row) -> tuple[str, str]:
    return f"{row['tokens']:.1f}", _endings(row)


def _endings(row: Row) -> str:
    counts = [f"{count} {ending}" for ending, count in row["endings"].items() if count]
    return ", ".join(counts) or "none"


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
        f"{how['benchmark']}, data `{how['data_revision']}`; {models}; documents think: "
        f"{how['think']['document']}. Means are {how['mean']}. Ties: {how['ties']}.{cap} "
        f"{how['interval']['resamples']} resamples, seed {how['interval']['seed']}. {versions}."
    )


def _drawn(grid: Grid) -> Table:
    table = Table(title=grid.title, title_justify="left", header_style="bold")
    for place, name in enumerate(grid.header):
        table.add_column(name, justify="left" if place < grid.num_names else "right")
    for row in grid.rows:
        table.add_row(*row)
    return table
