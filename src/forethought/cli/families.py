"""`forethought families`: the published systems that can be loaded."""

from typing import TYPE_CHECKING, Annotated

import typer

from forethought.errors import ConfigError

if TYPE_CHECKING:
    from forethought.encoders import Family

Rows = list[tuple[str, ...]]


def families(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Print the settings of this family.")
    ] = "",
    *,
    markdown: Annotated[bool, typer.Option(help="Print Markdown tables.")] = False,
) -> None:
    """List the published systems whose checkpoints can be loaded, or the settings of one.

    Its settings are its default instructions with their sources, and which modes of queries
    and documents can be compared.
    """
    from forethought.encoders import FAMILIES

    if not name:
        print(_table(_list([*FAMILIES.values()]), markdown=markdown))
    elif name in FAMILIES:
        print("\n\n".join(_table(rows, markdown=markdown) for rows in _details(FAMILIES[name])))
    else:
        raise ConfigError(f"unknown family {name!r}{_of_model(name)}; known: {', '.join(FAMILIES)}")


def _of_model(name: str) -> str:
    """The family of a model that was named instead of a family, to follow its name."""
    from forethought.encoders import find_local, read_card

    folder = find_local(name)
    family = read_card(folder).get("family") if folder else None
    return f", which is a model of family {family}" if family else ""


def _list(known: "list[Family]") -> Rows:
    rows: Rows = [("family", "system", "architecture", "thinks", "think=auto follows")]
    return rows + [
        (
            family.name,
            family.title,
            " or ".join(family.architectures),
            _sides(family),
            family.chooses,
        )
        for family in known
    ]


def _details(family: "Family") -> tuple[Rows, Rows]:
    pairs = ", ".join(f"{query} with {document}" for query, document in family.aligned)
    settings: Rows = [
        ("setting", "value"),
        ("system", f"{family.title} ({family.source})"),
        ("thinks", _sides(family)),
        ("budget of a rationale", f"{family.budget} tokens"),
        ("query and document compare", pairs),
    ]
    instructions: Rows = [("side", "holds", "default instruction", "source")]
    instructions += [
        (side.value, kind.value, instruction.text or "(none)", instruction.source)
        for side, kinds in family.instructions.items()
        for kind, instruction in kinds.items()
    ]
    return settings, instructions


def _sides(family: "Family") -> str:
    sides = " and ".join(side for side in ("query", "document") if side in family.thinks)
    return sides or "never"


def _table(rows: Rows, *, markdown: bool) -> str:
    return _markdown(rows) if markdown else _columns(rows)


def _markdown(rows: Rows) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _columns(rows: Rows) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)
