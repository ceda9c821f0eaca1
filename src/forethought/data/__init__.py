"""Files to examples to batches."""

from collections.abc import Mapping
from types import MappingProxyType

from forethought.data.batches import TaskBatches
from forethought.data.candidates import (
    Candidate,
    append_candidates,
    read_candidates,
    write_candidates,
)
from forethought.data.check_examples import (
    DataReport,
    FindingKind,
    LineFinding,
    check_examples,
    count_words,
)
from forethought.data.example_inputs import ExampleInput, ExampleInputs
from forethought.data.example_source import ExampleKey, ExampleSource
from forethought.data.json_lines import JsonLines
from forethought.data.shard import Shard

SOURCES: Mapping[str, type[ExampleSource]] = MappingProxyType({"json_lines": JsonLines})
"""The sources that a recipe may name; any other is named by its import path."""

__all__ = [
    "SOURCES",
    "Candidate",
    "DataReport",
    "ExampleInput",
    "ExampleInputs",
    "ExampleKey",
    "ExampleSource",
    "FindingKind",
    "JsonLines",
    "LineFinding",
    "Shard",
    "TaskBatches",
    "append_candidates",
    "check_examples",
    "count_words",
    "read_candidates",
    "write_candidates",
]
