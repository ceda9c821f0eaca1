"""Files of well-known kinds that a folder of pictures may hold and an index does not."""

from pathlib import Path

from forethought.media import picture_support
from forethought.types import VIDEO_SUFFIXES

_SUFFIXES = {
    "PDF": {".pdf"},
    "text": {".csv", ".htm", ".html", ".json", ".jsonl", ".md", ".rst", ".tex", ".txt", ".xml"},
    "office document": {
        *(".doc", ".docx", ".epub", ".odp", ".ods", ".odt", ".pages", ".ppt", ".pptx", ".rtf"),
        *(".xls", ".xlsx"),
    },
    "video": {*VIDEO_SUFFIXES, ".3gp", ".flv", ".mpeg", ".mpg", ".ogv", ".wmv"},
    "SVG": {".svg", ".svgz"},
    "HEIC": {".heic", ".heics", ".heif", ".heifs", ".hif"},
    "AVIF": {".avif", ".avifs"},
    "JPEG XL": {".jxl"},
    "raw photo": {
        *(".arw", ".cr2", ".cr3", ".crw", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf"),
        *(".raw", ".rw2", ".sr2", ".srw"),
    },
}
_OTHER = "picture of another kind"
KINDS = (*_SUFFIXES, _OTHER)
"""Names of the kinds, in the order in which they are counted."""

_KIND_OF = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes}


def file_kind(name: str) -> str | None:
    """The kind of a file by its suffix; None if it is of no such kind."""
    suffix = Path(name).suffix.lower()
    support = picture_support(suffix)
    other = _OTHER if support.is_picture and not support.is_readable else None
    return _KIND_OF.get(suffix, other)


def describe_kinds(counts: dict[str, int]) -> str:
    """Counts as text: "1 PDF, 2 videos, 64 SVGs"; empty if there are none."""
    found = [(kind, counts.get(kind, 0)) for kind in KINDS]
    return ", ".join(f"{count} {_plural(kind, count)}" for kind, count in found if count)


def _plural(kind: str, count: int) -> str:
    noun, space, rest = kind.partition(" of ")
    return f"{noun}{'s' * (count > 1)}{space}{rest}"
