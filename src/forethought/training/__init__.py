"""Recipes to models."""

from forethought.training.data_summary import DataSummary, summarise_data
from forethought.training.journal import Journal
from forethought.training.objective import LossTerm, Objective, RunContext, StepInputs
from forethought.training.objectives import OBJECTIVES
from forethought.training.pair_batch import PairBatch, TrainPair
from forethought.training.parallel import Parallel
from forethought.training.reader import Reader, States, TrainRow
from forethought.training.recipe import Recipe
from forethought.training.run import Trainer, plan, run
from forethought.training.run_options import RunOptions
from forethought.training.run_plan import RunPlan
from forethought.training.run_seeds import run_seeds
from forethought.training.stage import Stage
from forethought.training.stage_load import StageLoad
from forethought.training.tracker import OpenTracker, TrackedRun, Tracker
from forethought.training.trackers import TRACKERS
from forethought.training.trainer import train
from forethought.training.world import processes

__all__ = [
    "OBJECTIVES",
    "TRACKERS",
    "DataSummary",
    "Journal",
    "LossTerm",
    "Objective",
    "OpenTracker",
    "PairBatch",
    "Parallel",
    "Reader",
    "Recipe",
    "RunContext",
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
    "Trainer",
    "plan",
    "processes",
    "run",
    "run_seeds",
    "summarise_data",
    "train",
]
