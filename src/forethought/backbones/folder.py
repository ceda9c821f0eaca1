"""Where the files of a checkpoint lie: in its folder, or in that of the base it adapts."""

import json
from pathlib import Path

ADAPTER = "adapter_config.json"
"""What marks a folder as a LoRA adapter."""


def base_of(folder: Path) -> Path:
    """The folder whose config and weights a checkpoint stands on: an adapter's base, or itself."""
    try:
        named = Path(json.loads((folder / ADAPTER).read_text())["base_model_name_or_path"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder
    return next((path for path in (named, folder / named) if path.is_dir()), folder)


def file_of(folder: Path, name: str) -> Path:
    """A checkpoint's own file of that name, or its base's where it has none."""
    own = folder / name
    return own if own.is_file() else base_of(folder) / name
