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
    QueryLine,
    open_message,
)
from forethought.data.example_lines import ExampleLines
from forethought.data.example_source import ExampleKey, ExampleSource
from forethought.data.json_lines import JsonLines, parse_line
from forethought.data.json_text import json_text
from forethought.data.media_store import MediaFolder
from forethought.data.mmeb_train import MmebTrain
from forethought.data.part_line import PartLine
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
    "Lance",
    "LineFinding",
    "MediaFolder",
    "MmebTrain",
    "OnError",
    "Parquet",
    "PartLine",
    "QueryLine",
    "RgeRationales",
    "RowSource",
    "SentencePairs",
    "Shard",
    "SkippedRowError",
    "TaskBatches",
    "UmeR1Rl",
    "UmeR1Sft",
    "Webdataset",
    "append_candidates",
    "check_examples",
    "count_words",
    "digest_of",
    "find_leak",
    "json_text",
    "open_message",
    "parse_line",
    "read_candidates",
    "recognise_format",
    "write_candidates",
]
