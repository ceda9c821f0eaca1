"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.types import Think

ModelOption = Annotated[
    str,
    typer.Option("--model", "-m", help="The name of a shipped model, a folder or a repository."),
]
ThinkOption = Annotated[
    Think,
    typer.Option(help="Generate a rationale first: never, always, or auto (the gate decides)."),
]
EngineOption = Annotated[
    str,
    typer.Option("--engine", help="The engine for rationales: local, or vllm if installed."),
]
InstructionOption = Annotated[
    str, typer.Option(help="Instruction for the embeddings; by default the model's own.")
]
IndexOption = Annotated[
    Path | None,
    typer.Option("--index", help="Store the index below this folder, not in FOLDER/.forethought."),
]
