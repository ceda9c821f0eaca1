"""Files to examples to batches."""

from collections.abc import Mapping
from types import MappingProxyType

from forethought.data.batches import TaskBatches
from forethought.data.check_examples import (
    DataReport,
    FindingKind,
    LineFinding,
    check_examples,
    count_words,
)
from forethought.data.example_source import ExampleKey, ExampleSource
from forethought.data.json_lines import JsonLines
from forethought.data.shard import Shard

SOURCES: Mapping[str, type[ExampleSource]] = MappingProxyType({"json_lines": JsonLines})
"""The sources that a recipe may name; any other is named by its import path."""

__all__ = [
    "SOURCES",
    "DataReport",
    "ExampleKey",
    "ExampleSource",
    "FindingKind",
    "JsonLines",
    "LineFinding",
    "Shard",
    "TaskBatches",
    "check_examples",
    "count_words",
]
