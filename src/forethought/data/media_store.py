"""Where the pictures, videos and PDFs that a row names are found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class MediaStore(Protocol):
    """Media by the names that rows give them."""

    def has(self, name: str) -> bool:
        """Whether there is something of that name; opens nothing."""
        ...

    def get(self, name: str) -> Path | bytes:
        """The path of the file, or its content.

        Raises:
            ContentError: if it cannot be read.
        """
        ...

    def missing(self, name: str) -> str:
        """What to tell about a name that `has` does not know."""
        ...


@dataclass(frozen=True, slots=True)
class MediaFolder:
    """Files by their paths, relative to a folder."""

    folder: Path

    def has(self, name: str) -> bool:
        try:
            return (self.folder / name).exists()
        except (OSError, ValueError):
            # A name longer than the system allows, or with a zero byte.
            return False

    def get(self, name: str) -> Path:
        return self.folder / name

    def missing(self, name: str) -> str:
        return (
            f"{name}: no such file; paths are relative to {self.folder} (`media` names another "
            "folder)"
        )
