"""What is learned from: hard negatives, mined from the documents of a training file."""

from forethought.selection.hard_negatives import MiningOptions, mine_hard_negatives
from forethought.selection.mining_report import MinedExample, MiningReport, ScoredText
from forethought.selection.negative_filters import NegativeRule, SamplingStrategy

__all__ = [
    "MinedExample",
    "MiningOptions",
    "MiningReport",
    "NegativeRule",
    "SamplingStrategy",
    "ScoredText",
    "mine_hard_negatives",
]
