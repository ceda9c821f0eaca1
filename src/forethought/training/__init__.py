"""Recipes to models."""

from forethought.training.batch_builder import DrawnPairs
from forethought.training.objective import LossTerm, Objective, RunContext, StepInputs
from forethought.training.objectives import OBJECTIVES
from forethought.training.pair_batch import PairBatch, TrainPair
from forethought.training.precision import trains_in_bf16
from forethought.training.reader import Reader, States, TrainRow
from forethought.training.recipe import Recipe
from forethought.training.run import Trainer, run
from forethought.training.run_folder import RunFolder
from forethought.training.run_seeds import run_seeds
from forethought.training.state import TrainState, build_train_state, train_state_of
from forethought.training.trainer import train, train_one_step

__all__ = [
    "OBJECTIVES",
    "DrawnPairs",
    "LossTerm",
    "Objective",
    "PairBatch",
    "Reader",
    "Recipe",
    "RunContext",
    "RunFolder",
    "States",
    "StepInputs",
    "TrainPair",
    "TrainRow",
    "TrainState",
    "Trainer",
    "build_train_state",
    "run",
    "run_seeds",
    "train",
    "train_one_step",
    "train_state_of",
    "trains_in_bf16",
]
