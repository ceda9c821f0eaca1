"""Recipes to models."""

from forethought.training.batch_builder import DrawnPairs
from forethought.training.data_summary import DataSummary, summarise_data
from forethought.training.journal import Journal
from forethought.training.objective import LossTerm, Objective, RunContext, StepInputs
from forethought.training.objectives import OBJECTIVES
from forethought.training.optimizer_step import train_one_step
from forethought.training.pair_batch import PairBatch, TrainPair
from forethought.training.parallel import Parallel
from forethought.training.precision import trains_in_bf16
from forethought.training.reader import Reader, States, TrainRow
from forethought.training.recipe import Recipe
from forethought.training.run import Trainer, plan, run
from forethought.training.run_folder import RunFolder
from forethought.training.run_options import RunOptions
from forethought.training.run_plan import RunPlan
from forethought.training.run_seeds import run_seeds
from forethought.training.stage import Stage
from forethought.training.stage_load import StageLoad
from forethought.training.state import TrainState, build_train_state, train_state_of
from forethought.training.tracker import OpenTracker, TrackedRun, Tracker
from forethought.training.trackers import TRACKERS
from forethought.training.trainer import train
from forethought.training.world import processes

__all__ = [
    "OBJECTIVES",
    "TRACKERS",
    "DataSummary",
    "DrawnPairs",
    "Journal",
    "LossTerm",
    "Objective",
    "OpenTracker",
    "PairBatch",
    "Parallel",
    "Reader",
    "Recipe",
    "RunContext",
    "RunFolder",
    "RunOptions",
    "RunPlan",
    "Stage",
    "StageLoad",
    "States",
    "StepInputs",
    "TrackedRun",
    "Tracker",
    "TrainPair",
    "TrainRow",
    "TrainState",
    "Trainer",
    "build_train_state",
    "plan",
    "processes",
    "run",
    "run_seeds",
    "summarise_data",
    "train",
    "train_one_step",
    "train_state_of",
    "trains_in_bf16",
]
