"""What a model learns from: mined hard negatives, and rationales that help to find a target."""

from forethought.selection.choose import (
    Choice,
    Outcome,
    ScoredCandidate,
    SelectBy,
    SelectionRule,
    choose,
    limit_rate,
)
from forethought.selection.effects import Effect, effects_of
from forethought.selection.embedding_evaluator import EmbeddingEvaluator
from forethought.selection.endpoint_evaluator import EndpointEvaluator
from forethought.selection.evaluator import Evaluator, PairGroup, PairScores, Target
from forethought.selection.hard_negatives import MiningOptions, mine_hard_negatives
from forethought.selection.likelihood import RationaleLikelihood
from forethought.selection.load_evaluator import load_evaluator
from forethought.selection.local_evaluator import LocalEvaluator
from forethought.selection.mining_report import MinedExample, MiningReport, ScoredText
from forethought.selection.negative_filters import NegativeRule, SamplingStrategy
from forethought.selection.pair_index import PairIndex, Place
from forethought.selection.scorer import Scorer, ScoreRequest
from forethought.selection.scores_file import ScoresFile
from forethought.selection.select_inputs import (
    SelectedInput,
    Selection,
    SwappedEffect,
    select_inputs,
)
from forethought.selection.selection_inputs import SelectionInputs
from forethought.selection.selection_report import (
    EffectSummary,
    SelectionReport,
    Share,
    WorkerSummary,
    summarise,
)
from forethought.selection.write_selection import write_selection

__all__ = [
    "Choice",
    "Effect",
    "EffectSummary",
    "EmbeddingEvaluator",
    "EndpointEvaluator",
    "Evaluator",
    "LocalEvaluator",
    "MinedExample",
    "MiningOptions",
    "MiningReport",
    "NegativeRule",
    "Outcome",
    "PairGroup",
    "PairIndex",
    "PairScores",
    "Place",
    "RationaleLikelihood",
    "SamplingStrategy",
    "ScoreRequest",
    "ScoredCandidate",
    "ScoredText",
    "Scorer",
    "ScoresFile",
    "SelectBy",
    "SelectedInput",
    "Selection",
    "SelectionInputs",
    "SelectionReport",
    "SelectionRule",
    "Share",
    "SwappedEffect",
    "Target",
    "WorkerSummary",
    "choose",
    "effects_of",
    "limit_rate",
    "load_evaluator",
    "mine_hard_negatives",
    "select_inputs",
    "summarise",
    "write_selection",
]
