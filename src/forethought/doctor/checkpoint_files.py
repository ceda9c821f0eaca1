"""A checkpoint without its weights: tokenizer, preprocessor settings and network structure."""

from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from forethought.backbones import (
    ImageProcessor,
    QwenVL,
)
from forethought.encoders import EncodeOptions, Family, ReasoningEncoder, assemble


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
