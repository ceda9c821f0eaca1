"""The digest of one side of an example, with the bytes of its media."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from forethought.data import DocumentLine, QueryLine
from forethought.errors import DataError
from forethought.types import Side

DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class SideDigests:
    """Digests over instruction, content and files; a file is read once. Paths are relative to `folder`."""

    folder: Path
    _files: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def of(self, line: QueryLine | DocumentLine, side: Side) -> str:
        """The digest of a query or a document.

        Raises:
            DataError: if a file cannot be read.
        """
        files = [self._file(name) for part in line.content for name in part.names]
        return digest([side.value, line.instruction, [part.key for part in line.content], files])

    def _file(self, name: str) -> str:
        if name not in self._files:
            path = self.folder / name
            # A folder is a video of its frames.
            paths = sorted(path.iterdir()) if path.is_dir() else [path]
            try:
                found = [hashlib.blake2b(one.read_bytes()).hexdigest() for one in paths]
            except OSError as error:
                raise DataError(
                    f"{path}: cannot be read ({error.strerror}); paths are relative to "
                    f"{self.folder}"
                ) from None
            self._files[name] = digest(found)
        return self._files[name]


def digest(parts: object) -> str:
    """The digest of what JSON can hold."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()
