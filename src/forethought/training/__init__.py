"""Recipes to models."""

from forethought.training.objective import LossTerm, Objective, RunContext, StepInputs
from forethought.training.objectives import OBJECTIVES
from forethought.training.pair_batch import PairBatch, TrainPair
from forethought.training.parallel import Parallel
from forethought.training.reader import Reader, States, TrainRow
from forethought.training.recipe import Recipe
from forethought.training.run import Trainer, run
from forethought.training.run_options import RunOptions
from forethought.training.run_seeds import run_seeds
from forethought.training.tracker import OpenTracker, TrackedRun, Tracker
from forethought.training.trackers import TRACKERS
from forethought.training.trainer import train
from forethought.training.world import processes

__all__ = [
    "OBJECTIVES",
    "TRACKERS",
    "LossTerm",
    "Objective",
    "OpenTracker",
    "PairBatch",
    "Parallel",
    "Reader",
    "Recipe",
    "RunContext",
    "RunOptions",
    "States",
    "StepInputs",
    "TrackedRun",
    "Tracker",
    "TrainPair",
    "TrainRow",
    "Trainer",
    "processes",
    "run",
    "run_seeds",
    "train",
]
