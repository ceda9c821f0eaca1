"""From a network to a checkpoint's folder: safetensors only."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from forethought.backbones.progress_bars import no_progress_bars
from forethought.files import allow_readers

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def save_checkpoint(network: "PreTrainedModel", folder: Path, *, dtype: torch.dtype) -> None:
    """Write config and safetensors in `dtype`; the network itself is not converted.

    Frozen weights, which are buffers, are written in float16 rather than bfloat16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tied = {"lm_head.weight"} if network.config.tie_word_embeddings else set()
    trained = {name for name, _ in network.named_parameters()} | tied
    frozen = torch.float16 if dtype == torch.bfloat16 else dtype
    state = {
        name: value.to(dtype if name in trained else frozen)
        for name, value in network.state_dict().items()
        if name not in tied
    }
    with no_progress_bars():
        network.save_pretrained(folder, state_dict=state)
    for weights in folder.glob("*.safetensors"):
        allow_readers(weights)
    # The config has the network's dtype, in which stock transformers would load the weights.
    config = json.loads((folder / "config.json").read_text())
    for part in (config, config["text_config"], config["vision_config"]):
        part["dtype"] = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
