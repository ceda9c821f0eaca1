"""The engine beside its rivals, in one run."""

from forethought.bench.compare import Plan
from forethought.bench.report import Report, as_json
from forethought.bench.run import FULL, GPU, LENGTHS, QUICK, TRIAL, Forced, nano, ume
from forethought.bench.tables import terminal

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
