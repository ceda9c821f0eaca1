"""From a model's name to its folder: on disk, among the shipped models, or on the hub."""

import logging
import os
from importlib.resources import files
from pathlib import Path

from forethought.encoders.card import CARD
from forethought.errors import ModelError

HUB_FILES = ("*.json", "*.safetensors", "*.txt", "*.jinja")
"""What is downloaded from a repository on the hub: never code, never a pickle."""
_LOG = logging.getLogger(__name__)


def find(model: str | Path, *, revision: str | None = None, download: bool = True) -> Path:
    """The folder of a model: a folder, a shipped model's name, or a repository on the hub.

    Without `download`, of repositories only those that were downloaded before.

    Raises:
        ModelError: if there is none.
    """
    folder = find_local(model)
    if folder is not None:
        if Path(model).is_dir() and not folder.samefile(model):
            _LOG.warning(
                "%s is the shipped model; for the folder of that name write ./%s", *[model] * 2
            )
        return folder
    if str(model).count("/") == 1 and not str(model).startswith((".", "/", "~")):
        return _download(str(model), revision, local=not download)
    shipped = sorted({folder.name for folder in shipped_folders()})
    raise ModelError(
        f"unknown model {str(model)!r}: name a folder that holds a checkpoint, a repository as "
        f"owner/name, or one of {', '.join(shipped) or 'none (this installation ships no model)'}"
    )


def find_local(model: str | Path) -> Path | None:
    """The folder of a model on this machine, without the hub.

    A shipped model's name is that model, whatever lies in the working folder; a `Path`, or words
    with a separator as in `./name`, are a folder.
    """
    is_name = isinstance(model, str) and "/" not in model and os.sep not in model
    if not is_name and Path(model).is_dir():
        return Path(model)
    shipped = next((home / model for home in _homes() if (home / model / CARD).is_file()), None)
    if shipped is None and Path(model).is_dir():
        return Path(model)
    return shipped


def shipped_folders() -> list[Path]:
    """The folders of the models that come with this installation."""
    return [card.parent for home in _homes() for card in sorted(home.glob(f"*/{CARD}"))]


def model_name(folder: Path) -> str:
    """A folder's name; of a hub snapshot the repository's, not the commit's."""
    path = folder.resolve()
    if path.parent.name == "snapshots":
        return path.parent.parent.name.removeprefix("models--").replace("--", "/")
    return path.name


def _homes() -> list[Path]:
    package = Path(str(files("forethought")))
    # In a checkout the models lie beside src; in an installed wheel, inside the package.
    return [package / "models", package.parent.parent / "models"]


def _download(name: str, revision: str | None, *, local: bool) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only the hub needs it

    try:
        return Path(
            snapshot_download(
                name, revision=revision, allow_patterns=list(HUB_FILES), local_files_only=local
            )
        )
    except Exception as error:  # noqa: BLE001 - network, hub and disk each raise their own
        if local:
            raise ModelError(
                f"{name}: not on this machine, and nothing is downloaded for this; "
                f"`hf download {name}` first, or name its folder"
            ) from None
        reason = (str(error).strip().splitlines() or [""])[0]
        raise ModelError(
            f"{name}: not a folder here, and not available from the hub ({reason}); "
            "check the name and the network, or download it and name its folder"
        ) from None
