"""Loss functions of vectors and scores; they know no models."""

from forethought.losses.distillation import pointwise, relational
from forethought.losses.info_nce import info_nce
from forethought.losses.matryoshka import VectorLoss, matryoshka
from forethought.losses.next_token import next_token

__all__ = ["VectorLoss", "info_nce", "matryoshka", "next_token", "pointwise", "relational"]
