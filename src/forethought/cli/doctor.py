"""`forethought doctor`: can this checkpoint be trusted?"""

import json
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console

if TYPE_CHECKING:
    from forethought.doctor import Examination

_SICK = 1
_WIDTH = 100
_INDENT = " " * 22


def doctor(
    model: Annotated[
        str, typer.Argument(help="A folder, a name that ships, or a repository as owner/name.")
    ],
    *,
    family: Annotated[
        str, typer.Option(help="What it was trained as, where it cannot be recognised.")
    ] = "",
    device: Annotated[
        str, typer.Option(help="Where it runs; by default the first GPU if there is one.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check what is needed to trust a checkpoint; status 1 if anything fails.

    Works without weights too, as far as config and tokenizer go.
    """
    with console.spinner(f"examining {model}"):
        from forethought.doctor import examine

        examined = examine(model, family=family or None, device=device or None)
    if as_json:
        print(json.dumps(_table(examined), indent=2, ensure_ascii=False))
    else:
        _print(examined)
    if not examined.healthy:
        raise typer.Exit(_SICK)


def _table(examined: "Examination") -> dict[str, object]:
    return {
        "model": examined.model,
        "family": examined.family or None,
        "device": examined.device,
        "healthy": examined.healthy,
        "findings": [
            {
                "name": finding.name,
                "status": finding.status.value,
                "told": finding.told,
                "way_out": finding.way_out or None,
            }
            for finding in examined.findings
        ],
    }


def _print(examined: "Examination") -> None:
    from forethought.doctor import Status

    for finding in examined.findings:
        head = f"{finding.status.name:<4}  {finding.name:<14}  "
        print(_wrapped(finding.told, first=head))
        if finding.way_out:
            print(_wrapped(finding.way_out, first=f"{_INDENT}-> ", rest=f"{_INDENT}   "))
    counts = ", ".join(f"{examined.count(status)} {status.name}" for status in Status)
    print(f"\n{console.one_line(examined.model)}: {counts}")


def _wrapped(words: str, *, first: str, rest: str = _INDENT) -> str:
    # One long word, a path or a tag, is better whole than in two.
    return textwrap.fill(
        console.one_line(words),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
