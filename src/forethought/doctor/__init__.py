"""Can this checkpoint be trusted? What is checked, and what was found."""

from forethought.doctor.examine import NAMES, examine
from forethought.doctor.finding import Examination, Finding, Status

__all__ = ["NAMES", "Examination", "Finding", "Status", "examine"]
