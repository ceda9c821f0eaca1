"""Which rationale of a pair helps to find the target, if any does."""

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
from forethought.selection.likelihood import RationaleLikelihood
from forethought.selection.load_evaluator import load_evaluator
from forethought.selection.local_evaluator import LocalEvaluator
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
    "Outcome",
    "PairGroup",
    "PairIndex",
    "PairScores",
    "Place",
    "RationaleLikelihood",
    "ScoreRequest",
    "ScoredCandidate",
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
    "select_inputs",
    "summarise",
    "write_selection",
]
