"""The data of lab: facts and questions in words, for comparisons of method on two cores."""

from forethought.nano.lab.build_lab import LabManifest, build_lab, check_lab

__all__ = ["LabManifest", "build_lab", "check_lab"]
