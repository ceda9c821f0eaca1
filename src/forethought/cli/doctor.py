"""`forethought doctor`: check whether the vectors of a checkpoint can be trusted."""

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forethought.doctor import Examination, Finding

_FAILED = 1
_WIDTH = 100
_INDENT = " " * 22


def doctor(
    model: Annotated[
        str,
        typer.Argument(help="A folder, the name of a shipped model, or a repository owner/name."),
    ],
    *,
    family: Annotated[
        str, typer.Option(help="The family it was trained as, if it cannot be recognised.")
    ] = "",
    device: Annotated[
        str, typer.Option(help="Device to run on; by default the first GPU, else the CPU.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check whether the vectors of a checkpoint can be trusted; exit code 1 if a check fails.

    Without weights, only config and tokenizer are checked.
    """
    with console.spinner(f"examining {model}"):
        from forethought.doctor import examine

        examination = examine(model, family=family or None, device=device or None)
    if as_json:
        console.print_json(_to_json(examination))
    else:
        _print(examination)
    if not examination.healthy:
        raise typer.Exit(_FAILED)


def _to_json(examination: "Examination") -> dict[str, object]:
    return {
        "model": examination.model,
        "family": examination.family or None,
        "device": examination.device,
        "healthy": examination.healthy,
        "findings": [
            {
                "name": finding.name,
                "status": finding.status.value,
                "message": finding.message,
                "remedy": finding.remedy or None,
            }
            for finding in examination.findings
        ],
    }


def _print(examination: "Examination") -> None:
    from forethought.doctor import Status

    for finding, *others in _grouped(examination.findings):
        head = f"{finding.status.name:<4}  {finding.name:<14}  "
        names = ", ".join(other.name for other in others)
        also = f"; the same for {names}" if names else ""
        print(_wrap(finding.message + also, first=head))
        if finding.remedy:
            print(_wrap(finding.remedy, first=f"{_INDENT}-> ", rest=f"{_INDENT}   "))
    counts = ", ".join(f"{examination.count(status)} {status.name}" for status in Status)
    print(f"\n{console.one_line(examination.model)}: {counts}")


def _grouped(findings: "Iterable[Finding]") -> "list[list[Finding]]":
    """Findings in order; those with one status, message and remedy together, at the first."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        # A check that passed has no remedy, and keeps its own line.
        key = (finding.status.value, finding.message, finding.remedy or finding.name)
        groups.setdefault(key, []).append(finding)
    return [*groups.values()]


def _wrap(text: str, *, first: str, rest: str = _INDENT) -> str:
    # Long words are paths or tags, which must stay whole.
    return textwrap.fill(
        console.one_line(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
