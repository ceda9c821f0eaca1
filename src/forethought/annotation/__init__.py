"""Rationales from other models: workers write candidates, cleaning rejects what is of no use."""

from forethought.annotation.annotate import annotate
from forethought.annotation.annotation_report import AnnotationReport, WorkerReport
from forethought.annotation.prompts import PROMPTS, PromptStyle
from forethought.annotation.rejection import CleaningRules, Rejection
from forethought.annotation.worker import Worker, WorkersFile, load_workers

__all__ = [
    "PROMPTS",
    "AnnotationReport",
    "CleaningRules",
    "PromptStyle",
    "Rejection",
    "Worker",
    "WorkerReport",
    "WorkersFile",
    "annotate",
    "load_workers",
]
