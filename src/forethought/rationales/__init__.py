"""Rationales that outlive the call that wrote them."""

from forethought.rationales.lines import from_line, read_lines, to_line
from forethought.rationales.store import Counts, Merged, RationaleStore

__all__ = ["Counts", "Merged", "RationaleStore", "from_line", "read_lines", "to_line"]
