"""A report in the terminal: its setting, then its tables."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table


def print_report(
    setting: Mapping[str, object], tables: Iterable[Table], *, piped_width: int
) -> None:
    """Print both; `piped_width` columns where the output is no terminal, so that no cell is cut."""
    console = Console()
    if not console.is_terminal:
        console.width = piped_width
    for name, value in setting.items():
        text = value
        if isinstance(value, dict):
            text = ", ".join(f"{package} {version}" for package, version in value.items())
        console.print(f"{name}: {text}", highlight=False)
    for table in tables:
        console.print(table)
