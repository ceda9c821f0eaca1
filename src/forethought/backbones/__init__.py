"""The models underneath: Qwen-VL checkpoints that can prefill, decode and be trained."""

from forethought.backbones.adapter import (
    ADAPTER,
    ADAPTER_PICKLE,
    ADAPTER_WEIGHTS,
    base_folder,
    checkpoint_file,
)
from forethought.backbones.apply_adapter import adapter_rows
from forethought.backbones.batch import (
    Batch,
    PlaceholderTokens,
    VisionInputs,
    collate,
    mrope_positions,
    vision_inputs,
)
from forethought.backbones.check_device import check_device
from forethought.backbones.conse import conse
from forethought.backbones.efficientnet import (
    EFFICIENTNET_FEATURES,
    EfficientNetLite,
    fold_batch_norms,
    picture_batch,
)
from forethought.backbones.frozen_tower import (
    NO_TOWER,
    OWN_ARCHITECTURE,
    TOWER_PIXELS,
    FrozenTower,
    FrozenWeights,
    tower_image_processor,
)
from forethought.backbones.image_processor import (
    TEXT_TIMESTAMPS,
    ImageProcessor,
    VideoSettings,
    load_image_processor,
)
from forethought.backbones.linear import pack
from forethought.backbones.load_checkpoint import (
    NETWORKS,
    LoadOptions,
    architecture_of,
    load_checkpoint,
    network_class,
)
from forethought.backbones.merge_checkpoints import check_same_configs, merge_checkpoints
from forethought.backbones.new_network import Shape, new_network
from forethought.backbones.picture_head import HeadSizes, PictureHead, distances
from forethought.backbones.prefill_cache import PrefillCache
from forethought.backbones.qwen_vl import QwenVL
from forethought.backbones.revision import revision_of
from forethought.backbones.save_checkpoint import save_checkpoint
from forethought.backbones.skeleton import new_skeleton, read_skeleton

__all__ = [
    "ADAPTER",
    "ADAPTER_PICKLE",
    "ADAPTER_WEIGHTS",
    "EFFICIENTNET_FEATURES",
    "NETWORKS",
    "NO_TOWER",
    "OWN_ARCHITECTURE",
    "TEXT_TIMESTAMPS",
    "TOWER_PIXELS",
    "Batch",
    "EfficientNetLite",
    "FrozenTower",
    "FrozenWeights",
    "HeadSizes",
    "ImageProcessor",
    "LoadOptions",
    "PictureHead",
    "PlaceholderTokens",
    "PrefillCache",
    "QwenVL",
    "Shape",
    "VideoSettings",
    "VisionInputs",
    "adapter_rows",
    "architecture_of",
    "base_folder",
    "check_device",
    "check_same_configs",
    "checkpoint_file",
    "collate",
    "conse",
    "distances",
    "fold_batch_norms",
    "load_checkpoint",
    "load_image_processor",
    "merge_checkpoints",
    "mrope_positions",
    "network_class",
    "new_network",
    "new_skeleton",
    "pack",
    "picture_batch",
    "read_skeleton",
    "revision_of",
    "save_checkpoint",
    "tower_image_processor",
    "vision_inputs",
]
