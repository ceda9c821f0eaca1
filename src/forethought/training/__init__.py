"""Recipes to models."""

from forethought.training.journal import Journal
from forethought.training.objective import LossTerm, Objective, RunContext, StepInputs
from forethought.training.objectives import OBJECTIVES
from forethought.training.pair_batch import PairBatch, TrainPair
from forethought.training.reader import Reader, States, TrainRow
from forethought.training.recipe import Recipe
from forethought.training.run import Trainer, run
from forethought.training.run_seeds import run_seeds
from forethought.training.trainer import train

__all__ = [
    "OBJECTIVES",
    "Journal",
    "LossTerm",
    "Objective",
    "PairBatch",
    "Reader",
    "Recipe",
    "RunContext",
    "States",
    "StepInputs",
    "TrainPair",
    "TrainRow",
    "Trainer",
    "run",
    "run_seeds",
    "train",
]
