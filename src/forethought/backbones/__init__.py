"""The models underneath: checkpoints that can read, write and be trained."""

from forethought.backbones.batch import Batch, collate, mrope_positions
from forethought.backbones.checkpoint import (
    Shape,
    load_checkpoint,
    new_network,
    revision_of,
    save_checkpoint,
)
from forethought.backbones.media import Patchifier, load_patchifier
from forethought.backbones.qwen_vl import QwenVL

__all__ = [
    "Batch",
    "Patchifier",
    "QwenVL",
    "Shape",
    "collate",
    "load_checkpoint",
    "load_patchifier",
    "mrope_positions",
    "new_network",
    "revision_of",
    "save_checkpoint",
]
