"""The models underneath: checkpoints that can read, write and be trained."""

from forethought.backbones.batch import Batch, Marks, Seen, collate, mrope_positions
from forethought.backbones.checkpoint import (
    NETWORKS,
    Loading,
    Shape,
    architecture_of,
    load_checkpoint,
    new_network,
    revision_of,
    save_checkpoint,
)
from forethought.backbones.media import Patchifier, VideoSettings, load_patchifier
from forethought.backbones.qwen_vl import QwenVL

__all__ = [
    "NETWORKS",
    "Batch",
    "Loading",
    "Marks",
    "Patchifier",
    "QwenVL",
    "Seen",
    "Shape",
    "VideoSettings",
    "architecture_of",
    "collate",
    "load_checkpoint",
    "load_patchifier",
    "mrope_positions",
    "new_network",
    "revision_of",
    "save_checkpoint",
]
