"""The engine beside its rivals, in one run."""

from benchmarks.compare import Plan
from benchmarks.report import Report, as_json
from benchmarks.run import FULL, GPU, LENGTHS, QUICK, TRIAL, Forced, nano, ume
from benchmarks.tables import terminal

__all__ = [
    "FULL",
    "GPU",
    "LENGTHS",
    "QUICK",
    "TRIAL",
    "Forced",
    "Plan",
    "Report",
    "as_json",
    "nano",
    "terminal",
    "ume",
]
