"""The revision of a checkpoint: a hash over its files."""

import hashlib
from pathlib import Path

from forethought.backbones.adapter import base_folder

_CHUNK_BYTES = 2**24


def revision_of(folder: Path) -> str:
    """Twelve hex digits over every weight and setting in a folder, and in an adapter's base."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".safetensors", ".json"}:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    digest.update(chunk)
    base = base_folder(folder)
    if base != folder:
        digest.update(revision_of(base).encode())
    return digest.hexdigest()[:12]
