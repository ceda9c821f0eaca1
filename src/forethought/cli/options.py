"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.types import Think


def parse_path(text: str | Path) -> Path:
    """A path, or the default of an option; an empty text would be the working folder."""
    if not text:
        raise typer.BadParameter("the path is empty (''); '.' is the working folder")
    return Path(text)


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
    str | None,
    typer.Option(
        help="Instruction for the embeddings, '' for none; by default the model's own, which may "
        "depend on what an input holds (`forethought families NAME`)."
    ),
]
IndexOption = Annotated[
    Path | None,
    typer.Option(
        "--index",
        parser=parse_path,
        metavar="DIR",
        help="Store the index below this folder, not in FOLDER/.forethought.",
    ),
]
ExamplesArgument = Annotated[
    Path,
    typer.Argument(parser=parse_path, metavar="EXAMPLES.jsonl", help="JSON Lines of examples."),
]
DeviceOption = Annotated[
    str, typer.Option(help="Where it runs; by default the first GPU if there is one.")
]
BatchSizeOption = Annotated[int, typer.Option(min=1, help="Inputs that run together.")]
FamilyOption = Annotated[
    str, typer.Option(help="What the checkpoint was trained as, if it is not recognised.")
]
DtypeOption = Annotated[
    str, typer.Option(help="Precision of the weights: float32, bfloat16, float16 or auto.")
]
