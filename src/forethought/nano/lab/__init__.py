"""The data of lab: facts and questions in words, for comparisons of method on two cores."""

from forethought.nano.lab.build import build_lab

__all__ = ["build_lab"]
