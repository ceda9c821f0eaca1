"""Checks whether the vectors of a checkpoint can be trusted, and measures its throughput."""

from forethought.doctor.examine import NAMES, examine
from forethought.doctor.finding import Examination, Finding, Status
from forethought.doctor.machine import (
    MachineRates,
    machine_name,
    measure_rates,
    peak_memory,
    reset_peak_memory,
    synchronize,
)
from forethought.doctor.roofline import DecodeCost, decode_cost
from forethought.doctor.throughput import (
    DecodeThroughput,
    ModeThroughput,
    Throughput,
    measure_throughput,
    sample_inputs,
)
from forethought.doctor.timing import Times, interleave

__all__ = [
    "NAMES",
    "DecodeCost",
    "DecodeThroughput",
    "Examination",
    "Finding",
    "MachineRates",
    "ModeThroughput",
    "Status",
    "Throughput",
    "Times",
    "decode_cost",
    "examine",
    "interleave",
    "machine_name",
    "measure_rates",
    "measure_throughput",
    "peak_memory",
    "reset_peak_memory",
    "sample_inputs",
    "synchronize",
]
