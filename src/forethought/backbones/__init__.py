"""The models underneath: checkpoints that can read, write and be trained."""

from forethought.backbones.batch import (
    Batch,
    PlaceholderTokens,
    VisionInputs,
    collate,
    gathered,
    mrope_positions,
)
from forethought.backbones.checkpoint import (
    NETWORKS,
    LoadOptions,
    Shape,
    architecture_of,
    load_checkpoint,
    new_network,
    revision_of,
    save_checkpoint,
)
from forethought.backbones.folder import ADAPTER, base_of, file_of
from forethought.backbones.image_processor import (
    SPOKEN_TIME,
    ImageProcessor,
    VideoSettings,
    load_image_processor,
)
from forethought.backbones.linear import pack
from forethought.backbones.qwen_vl import QwenVL

__all__ = [
    "ADAPTER",
    "NETWORKS",
    "SPOKEN_TIME",
    "Batch",
    "ImageProcessor",
    "LoadOptions",
    "PlaceholderTokens",
    "QwenVL",
    "Shape",
    "VideoSettings",
    "VisionInputs",
    "architecture_of",
    "base_of",
    "collate",
    "file_of",
    "gathered",
    "load_checkpoint",
    "load_image_processor",
    "mrope_positions",
    "new_network",
    "pack",
    "revision_of",
    "save_checkpoint",
]
