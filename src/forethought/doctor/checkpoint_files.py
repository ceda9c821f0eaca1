"""A checkpoint without its weights: tokenizer, preprocessor settings and network structure."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from forethought.backbones import (
    ADAPTER,
    NETWORKS,
    ImageProcessor,
    QwenVL,
    adapter_rows,
    architecture_of,
    base_folder,
    network_class,
)
from forethought.encoders import EncodeOptions, Family, ReasoningEncoder, assemble
from forethought.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class CheckpointFiles:
    """What was read from a folder; `skeleton` is the network on the meta device, without weights.

    `image_processor` is None if preprocessor_config.json cannot be read, or the network sees no
    pictures and needs none.
    """

    folder: Path
    tokenizer: Tokenizer
    skeleton: QwenVL
    image_processor: ImageProcessor | None

    @property
    def architecture(self) -> str:
        """The `model_type` of the network."""
        return str(self.skeleton.network.config.model_type)


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A checkpoint of a known family, and the device to run it on."""

    files: CheckpointFiles
    family: Family
    device: str

    def encoder(self, backbone: QwenVL) -> ReasoningEncoder:
        """The encoder that `load` returns, with the given backbone.

        Raises:
            ModelError: if the family cannot be used with these files.
        """
        return assemble(
            self.files.folder,
            self.family,
            tokenizer=self.files.tokenizer,
            backbone=backbone,
            encode_options=EncodeOptions(),
        )


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
