"""Where a checkpoint's files are: in its folder, or in that of the base its adapter names."""

import json
from pathlib import Path

ADAPTER = "adapter_config.json"
"""The file that makes a folder a LoRA adapter."""
ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_PICKLE = "adapter_model.bin"


def base_folder(folder: Path) -> Path:
    """The folder of an adapter's base model; the folder itself if it is no adapter."""
    try:
        base = Path(json.loads((folder / ADAPTER).read_text())["base_model_name_or_path"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder
    return next((path for path in (base, folder / base) if path.is_dir()), folder)


def checkpoint_file(folder: Path, name: str) -> Path:
    """The path of a checkpoint's file; its base's where the folder lacks it."""
    path = folder / name
    return path if path.is_file() else base_folder(folder) / name
