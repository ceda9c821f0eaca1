"""Rationales on disk: a store that encoders use as their cache."""

from forethought.rationales.lines import from_line, read_lines, to_line
from forethought.rationales.rationale_store import MergeCounts, RationaleStore, StoreCounts

__all__ = ["MergeCounts", "RationaleStore", "StoreCounts", "from_line", "read_lines", "to_line"]
