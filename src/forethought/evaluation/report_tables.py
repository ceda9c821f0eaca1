"""Tables of a report, in Markdown and for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

from forethought.evaluation.report import Record, Report
from forethought.types import Ending

_COLUMNS = {"exact": "answers exact"}
"""Headers of columns that are not called by their key."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Formatted cells of a table; the columns after the first `num_names` hold numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_names: int


def markdown(report: Report) -> str:
    """Systems side by side, every row, every difference, and the protocol as a footnote."""
    grids = (_side_by_side(report), _means(report), _differences(report, report.metrics))
    tables = [_markdown_table(grid) for grid in grids if grid.rows]
    return "\n\n".join([*tables, _footnote(report)]) + "\n"


def terminal_tables(report: Report) -> tuple[Table, ...]:
    """Every row, and the differences of the headline metric if there are any."""
    grids = (_means(report), _differences(report, report.metrics[:1]))
    return tuple(_terminal_table(grid) for grid in grids if grid.rows)


def _side_by_side(report: Report) -> Grid:
    headline = report.metrics[0]
    means = {(row["task"], row["split"], _system(row)): row[headline] for row in _systems(report)}
    systems = tuple(dict.fromkeys(system for _, _, system in means))
    pairs = dict.fromkeys((row["a"], row["b"]) for row in report.differences)
    # Only the first pair fits: the first model in a dearer mode less itself in a cheaper one.
    first = list(pairs)[:1]
    gains = {
        (row["task"], row["split"]): _interval(row)
        for row in report.differences
        if row["metric"] == headline and (row["a"], row["b"]) in first
    }
    rows = tuple(
        (
            *(task, split, str(queries)),
            *(_mean(means[task, split, system]) for system in systems),
            *(gains[task, split] for _ in first),
        )
        for task, split, queries in dict.fromkeys(
            (row["task"], row["split"], row["queries"]) for row in _systems(report)
        )
    )
    header = ("task", "split", "queries", *systems, *(f"{a} less {b}" for a, b in first))
    return Grid(f"{headline} side by side [95% paired bootstrap]", header, rows, 2)


def _means(report: Report) -> Grid:
    found = _systems(report)
    exact = ("exact",) if any(row["exact"] is not None for row in found) else ()
    rows = tuple(
        (
            *(row["task"], row["split"], _system(row), str(row["queries"])),
            *(_spread(row, key) for key in (*report.metrics, *exact)),
            _spread(row, "tokens", decimals=1),
            "/".join(str(row["endings"][ending]) for ending in Ending),
        )
        for row in found
    )
    named = tuple(_COLUMNS.get(key, key) for key in (*report.metrics, *exact))
    header = ("task", "split", "system", "queries", *named, "tokens", "/".join(Ending))
    return Grid(_means_title(report), header, rows, 3)


def _systems(report: Report) -> Sequence[Record]:
    """A row for each system: that of all its seeds, where it has several."""
    return report.summary or report.rows


def _means_title(report: Report) -> str:
    if not report.summary:
        return "Every task and split"
    seeds = len(report.protocol["seeds"]["values"])
    return f"Every task and split, mean over {seeds} seeds ± standard deviation between them"


def _spread(row: Record, key: str, *, decimals: int = 3) -> str:
    """A mean, with its deviation between seeds where there is one; empty if unknown."""
    if row[key] is None:
        return ""
    deviation = row.get("deviations", {}).get(key)
    spread = "" if deviation is None else f" ± {deviation:.{decimals}f}"
    return f"{row[key]:.{decimals}f}{spread}"


def _differences(report: Report, metrics: Sequence[str]) -> Grid:
    found: dict[tuple[str, ...], dict[str, Record]] = {}
    for row in report.differences:
        key = (row["task"], row["split"], f"{row['a']} less {row['b']}")
        found.setdefault(key, {})[row["metric"]] = row
    rows = tuple(
        (*key, *(_interval(by_metric[metric]) for metric in metrics))
        for key, by_metric in found.items()
    )
    title = "Paired differences over queries, mean [95% bootstrap interval]"
    return Grid(title, ("task", "split", "systems", *metrics), rows, 3)


def _system(row: Record) -> str:
    return f"{row['model']} {row['think']}"


def _mean(value: float) -> str:
    return f"{value:.3f}"


def _interval(row: Record) -> str:
    return f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"


def _markdown_table(grid: Grid) -> str:
    rules = ["---"] * grid.num_names + ["---:"] * (len(grid.header) - grid.num_names)
    lines = [_line(grid.header), _line(rules), *(_line(row) for row in grid.rows)]
    return f"**{grid.title}**\n\n" + "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _footnote(report: Report) -> str:
    protocol = report.protocol
    models = ", ".join(f"{name} `{one['revision']}`" for name, one in protocol["models"].items())
    versions = ", ".join(f"{name} {version}" for name, version in protocol["versions"].items())
    cap = protocol["queries_cap"]
    capped = "" if cap is None else f" At most {cap} queries a split."
    interval = protocol["interval"]
    seeds = protocol.get("seeds")
    seeded = "" if seeds is None else f" Seeds {_listed(seeds['values'])}: means {seeds['mean']}."
    return (
        f"Protocol: {protocol['benchmark']}, data `{protocol['data_revision']}`; {models}; "
        f"documents think: {protocol['think']['document']}. Means: {protocol['mean']}. "
        f"Ties: {protocol['ties']}.{capped}{seeded} {interval['resamples']} resamples, "
        f"seed {interval['seed']}. {versions}."
    )


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))


def _terminal_table(grid: Grid) -> Table:
    table = Table(title=grid.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    # Task and split share a column and are printed once a group, to fit a hundred columns.
    for column, name in enumerate(("task, split", *grid.header[2:]), start=1):
        is_name = column < grid.num_names
        table.add_column(name.replace("/", "/\n"), justify="left" if is_name else "right")
    before = ""
    for task, split, *cells in grid.rows:
        label = f"{task}, {split}"
        if before and label != before:
            table.add_section()
        table.add_row("" if label == before else label, *cells)
        before = label
    return table
