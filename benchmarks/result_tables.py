"""The report on a terminal: results, decode rates and thresholds."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from benchmarks.bench_report import BenchReport
from benchmarks.results import Result
from benchmarks.thresholds import Threshold

_COLOURS = {"met": "green", "missed": "red", "not measured": "yellow", "not applicable": "yellow"}


def tables(report: BenchReport) -> tuple[Table, ...]:
    """Every table that has a row."""
    found = [_results(report), _decode_rates(report), threshold_table(report.thresholds)]
    return tuple(table for table in found if table.row_count)


def plain_table(title: str, *columns: str) -> Table:
    """A table of one text column and numbers."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _results(report: BenchReport) -> Table:
    columns = (
        "case",
        "inputs",
        "batch",
        "samples/s",
        "s (min-max)",
        "tokens",
        "padding",
        "vectors",
    )
    table = plain_table(f"{report.workload}: results", *columns)
    group = ""
    for result in report.results:
        if result.group != group:
            group = result.group
            table.add_row(f"[bold]{group}[/bold]")
        table.add_row(*_cells(result))
    return table


def _cells(result: Result) -> tuple[str, ...]:
    if result.times is None:
        return (f"  {result.name}", "", "", "", "", "", "", result.note)
    times = result.times
    return (
        f"  {result.name}",
        str(result.inputs),
        str(result.batch),
        f"{result.rate:.2f}",
        f"{times.median:.3f} ({times.low:.3f}-{times.high:.3f})",
        str(result.tokens or ""),
        "" if result.padding is None else f"{result.padding:.1%}",
        str(result.agreement or ""),
    )


def _decode_rates(report: BenchReport) -> Table:
    columns = ("case", "rows", "tokens/s", "of roofline", "copy GB/s", "matmul TFLOP/s")
    table = plain_table("Decoding: the time less that of a direct pass", *columns)
    for rate in report.decode_rates:
        table.add_row(
            f"{rate.name}{rate.label}",
            str(rate.rows),
            f"{rate.tokens_per_second:.0f}",
            f"{rate.roofline:.0%}",
            f"{rate.rates.bandwidth / 1e9:.1f}",
            f"{rate.rates.matmul / 1e12:.3f}",
        )
    return table


def threshold_table(thresholds: Sequence[Threshold]) -> Table:
    """Every threshold, with its limit and verdict."""
    table = plain_table("Thresholds", "what", "limit", "measured", "rounds", "verdict", "note")
    for threshold in thresholds:
        colour = _COLOURS[threshold.verdict]
        verdict = f"[{colour}]{threshold.verdict}[/{colour}]"
        sign = ">=" if threshold.at_least else "<="
        limit = f"{sign} {threshold.limit:g}{threshold.unit}"
        cells = (_value(threshold), _range(threshold), verdict, threshold.note)
        table.add_row(threshold.what, limit, *cells)
    return table


def _value(threshold: Threshold) -> str:
    return "" if threshold.value is None else f"{threshold.value:.2f}{threshold.unit}"


def _range(threshold: Threshold) -> str:
    return "" if threshold.low is None else f"{threshold.low:.2f}-{threshold.high:.2f}"
