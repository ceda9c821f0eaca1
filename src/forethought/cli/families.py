"""`forethought families`: the published systems that can be loaded."""

from typing import Annotated

import typer


def families(
    *, markdown: Annotated[bool, typer.Option(help="Print a Markdown table.")] = False
) -> None:
    """List the published systems whose checkpoints can be loaded."""
    from forethought.encoders import FAMILIES

    rows: list[tuple[str, ...]] = [
        ("family", "system", "architecture", "thinks", "think=auto follows")
    ]
    for family in FAMILIES.values():
        sides = " and ".join(side for side in ("query", "document") if side in family.thinks)
        rows.append(
            (family.name, family.title, family.architecture, sides or "never", family.chooses)
        )
    print(_markdown(rows) if markdown else _columns(rows))


def _markdown(rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _columns(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)
