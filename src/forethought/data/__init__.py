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
from forethought.data.mmeb_train import MmebTrain
from forethought.data.recognise_format import recognise_format
from forethought.data.rge_rationales import RgeRationales
from forethought.data.row_source import OnError, RowSource, SkippedRowError
from forethought.data.sentence_pairs import SentencePairs
from forethought.data.shard import Shard
from forethought.data.table_examples import Lance, Parquet
from forethought.data.tar_shards import Webdataset
from forethought.data.ume_r1_rl import UmeR1Rl
from forethought.data.ume_r1_sft import UmeR1Sft

SOURCES: Mapping[str, type[RowSource]] = MappingProxyType(
    {
        "json_lines": JsonLines,
        "lance": Lance,
        "mmeb_train": MmebTrain,
        "parquet": Parquet,
        "rge": RgeRationales,
        "sentence_transformers": SentencePairs,
        "ume_r1_rl": UmeR1Rl,
        "ume_r1_sft": UmeR1Sft,
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
    "MmebTrain",
    "OnError",
    "Parquet",
    "RgeRationales",
    "RowSource",
    "SentencePairs",
    "Shard",
    "SkippedRowError",
    "TaskBatches",
    "UmeR1Rl",
    "UmeR1Sft",
    "Webdataset",
    "check_examples",
    "count_words",
    "recognise_format",
]
