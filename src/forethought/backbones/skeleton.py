"""A network's structure on the meta device: sizes and names of weights, without memory for them."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from forethought.backbones.adapter import ADAPTER, base_folder
from forethought.backbones.apply_adapter import adapter_rows
from forethought.backbones.load_checkpoint import NETWORKS, architecture_of, network_class
from forethought.backbones.new_network import Shape, draw_network
from forethought.backbones.picture_head import HeadSizes
from forethought.backbones.qwen_vl import QwenVL
from forethought.errors import ModelError

_TOKENS = ("image", "video", "vision_start", "vision_end", "end", "pad")


def read_skeleton(folder: Path) -> QwenVL:
    """Build the network that config.json describes, without memory for weights.

    Raises:
        ModelError: if config.json or an adapter's base is missing, unreadable or unsupported.
    """
    base = base_folder(folder)
    if base == folder and (folder / ADAPTER).is_file():
        raise ModelError(f"{folder}: the base model named in {ADAPTER} is not a folder here")
    architecture = architecture_of(base)
    if architecture not in NETWORKS:
        raise ModelError(f"{base}: model_type is {architecture!r}; known: {', '.join(NETWORKS)}")
    try:
        network: Any = network_class(architecture)
        config = network.config_class.from_pretrained(base, local_files_only=True)
        if base != folder:
            text = config.text_config
            # An adapter that cannot be read is a fault of the weights, which have their own check.
            with suppress(ModelError):
                text.vocab_size = adapter_rows(folder, text.vocab_size)
        with torch.device("meta"):
            return QwenVL(network(config))
    except Exception as error:  # noqa: BLE001 - transformers raises anything on a wrong setting
        raise ModelError(f"{base}: config.json describes no network ({error})") from None


def new_skeleton(shape: Shape) -> QwenVL:
    """Build the network that `new_network` makes; a frozen tower's head has its default sizes."""
    sizes = HeadSizes() if shape.tower is not None else None
    with torch.device("meta"):
        network = draw_network(
            shape, token_ids=dict.fromkeys(_TOKENS, 0), sizes=sizes, spread=shape.spread
        )
    return QwenVL(network)
