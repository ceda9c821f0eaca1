"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.types import Think

Model = Annotated[
    str, typer.Option("--model", "-m", help="The encoder: a name that ships, or a folder.")
]
ThinkOption = Annotated[
    Think,
    typer.Option(help="Write a rationale first: never, always, or where the gate says it pays."),
]
EngineOption = Annotated[
    str,
    typer.Option("--engine", help="Who writes rationales: local, or vllm where it is installed."),
]
Instruction = Annotated[
    str, typer.Option(help="What the vectors are for; the model's own words by default.")
]
IndexFolder = Annotated[
    Path | None,
    typer.Option("--index", help="Keep the index here, not in FOLDER/.forethought."),
]
