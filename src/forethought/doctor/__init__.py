"""Checks whether the vectors of a checkpoint can be trusted."""

from forethought.doctor.examine import NAMES, examine
from forethought.doctor.finding import Examination, Finding, Status

__all__ = ["NAMES", "Examination", "Finding", "Status", "examine"]
