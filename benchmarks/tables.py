"""The report on a terminal: what ran, and the bars it meets and misses."""

from rich import box
from rich.table import Table

from benchmarks.report import Report
from benchmarks.rows import Bar, Row

_COLOURS = {"met": "green", "missed": "red", "not measured": "yellow", "not judged": "yellow"}


def terminal(report: Report) -> tuple[Table, ...]:
    """Rows, how each rival decodes, and bars."""
    tables = [_rows(report), _decodes(report), _bars(report)]
    return tuple(table for table in tables if table.row_count)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table


def _rows(report: Report) -> Table:
    columns = (
        "rival",
        "inputs",
        "batch",
        "samples/s",
        "s (min-max)",
        "tokens",
        "padding",
        "vectors",
    )
    table = _table(f"{report.workload}: what ran", *columns)
    group = ""
    for row in report.rows:
        if row.group != group:
            group = row.group
            table.add_row(f"[bold]{group}[/bold]")
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    if row.times is None:
        return (f"  {row.name}", "", "", "", "", "", "", row.note)
    times = row.times
    padding = "" if row.padding is None else f"{row.padding:.1%}"
    return (
        f"  {row.name}",
        str(row.inputs),
        str(row.batch),
        f"{row.rate:.2f}",
        f"{times.median:.3f} ({times.low:.3f}-{times.high:.3f})",
        str(row.tokens or ""),
        padding,
        str(row.agreement or ""),
    )


def _decodes(report: Report) -> Table:
    columns = ("rival", "rows", "tokens/s", "of roofline", "copy GB/s", "matmul TFLOP/s")
    table = _table("Decoding: what is left of the time without a direct pass", *columns)
    for one in report.decodes:
        table.add_row(
            f"{one.name}{one.label}",
            str(one.rows),
            f"{one.tokens_per_second:.0f}",
            f"{one.roofline:.0%}",
            f"{one.limits.bandwidth / 1e9:.1f}",
            f"{one.limits.matmul / 1e12:.3f}",
        )
    return table


def _bars(report: Report) -> Table:
    table = _table("Bars", "what", "bar", "measured", "rounds", "verdict", "note")
    for bar in report.bars:
        colour = _COLOURS[bar.verdict]
        verdict = f"[{colour}]{bar.verdict}[/{colour}]"
        sign = ">=" if bar.at_least else "<="
        limit = f"{sign} {bar.limit:g}{bar.unit}"
        table.add_row(bar.what, limit, _value(bar), _spread(bar), verdict, bar.note)
    return table


def _value(bar: Bar) -> str:
    return "" if bar.value is None else f"{bar.value:.2f}{bar.unit}"


def _spread(bar: Bar) -> str:
    return "" if bar.low is None else f"{bar.low:.2f}-{bar.high:.2f}"
