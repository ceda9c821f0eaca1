"""Recipes to models."""

from forethought.training.cold_start import Report, train
from forethought.training.recipe import Recipe
from forethought.training.run import run

__all__ = ["Recipe", "Report", "run", "train"]
