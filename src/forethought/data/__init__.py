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
from forethought.data.row_source import OnError, RowSource, SkippedRowError
from forethought.data.shard import Shard
from forethought.data.table_examples import Lance, Parquet
from forethought.data.tar_shards import Webdataset

SOURCES: Mapping[str, type[ExampleSource]] = MappingProxyType(
    {
        "json_lines": JsonLines,
        "lance": Lance,
        "parquet": Parquet,
        "webdataset": Webdataset,
    }
)
"""The sources that a recipe may name; any other is named by its import path."""

__all__ = [
    "SOURCES",
    "DataReport",
    "ExampleKey",
    "ExampleSource",
    "FindingKind",
    "JsonLines",
    "Lance",
    "LineFinding",
    "OnError",
    "Parquet",
    "RowSource",
    "Shard",
    "SkippedRowError",
    "TaskBatches",
    "Webdataset",
    "check_examples",
    "count_words",
]
