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
    find_leak,
)
from forethought.data.example_inputs import ExampleInput, ExampleInputs, digest_of
from forethought.data.example_line import (
    DocumentLine,
    ExampleLine,
    PartLine,
    QueryLine,
    open_message,
    parse_line,
)
from forethought.data.example_lines import ExampleLines
from forethought.data.example_source import ExampleKey, ExampleSource
from forethought.data.json_lines import JsonLines
from forethought.data.shard import Shard

SOURCES: Mapping[str, type[ExampleSource]] = MappingProxyType({"json_lines": JsonLines})
"""The sources that a recipe may name; any other is named by its import path."""

__all__ = [
    "SOURCES",
    "Candidate",
    "DataReport",
    "DocumentLine",
    "ExampleInput",
    "ExampleInputs",
    "ExampleKey",
    "ExampleLine",
    "ExampleLines",
    "ExampleSource",
    "FindingKind",
    "JsonLines",
    "LineFinding",
    "PartLine",
    "QueryLine",
    "Shard",
    "TaskBatches",
    "append_candidates",
    "check_examples",
    "count_words",
    "digest_of",
    "find_leak",
    "open_message",
    "parse_line",
    "read_candidates",
    "write_candidates",
]
