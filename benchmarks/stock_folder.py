"""A checkpoint that stock transformers and vLLM load, of the size and the words of one they refuse.

nano's vision encoder is the library's own. What is compared with stock code runs on its decoder
behind a Qwen2-VL vision encoder of random weights: it costs what a trained one costs, and writes
nano's own rationales about texts, which picture tokens do not change.
"""

import json
from dataclasses import replace
from pathlib import Path

import torch

from forethought.backbones import ImageProcessor, QwenVL, Shape, new_network
from forethought.encoders import load, save

PIXELS = 112**2
"""Of a picture: sixteen tokens, as many as nano's vision encoder gives."""
_SPREAD = 0.04


def stock_folder(model: str | Path, out: Path) -> Path:
    """The folder of a model that stock code loads: its own, or one that is written to `out`.

    Raises:
        ModelError: if the model cannot be loaded.
    """
    encoder = load(model, device="cpu")
    folder = encoder.folder
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config["model_type"] != "forethought_vl":
        return folder
    network = new_network(
        _shape(config["text_config"]),
        token_ids=_token_ids(config),
        generator=torch.Generator().manual_seed(0),
    )
    decoder = encoder.local.backbone.network.model.language_model
    network.model.language_model.load_state_dict(decoder.state_dict())
    engine = replace(encoder.local, backbone=QwenVL(network))
    name = f"{encoder.name}'s decoder, stock vision encoder"
    stock = replace(encoder, name=name, engine=engine, gate=None)
    save(stock, out, dtype=getattr(torch, config["dtype"]))
    # In place of the settings for the other vision encoder, which are copied with the rest.
    ImageProcessor(min_pixels=PIXELS, max_pixels=PIXELS).save(out)
    return out


def _shape(text: dict[str, int]) -> Shape:
    return Shape(
        vocabulary=text["vocab_size"],
        hidden=text["hidden_size"],
        layers=text["num_hidden_layers"],
        heads=text["num_attention_heads"],
        key_value_heads=text["num_key_value_heads"],
        feed_forward=text["intermediate_size"],
        context=text["max_position_embeddings"],
        spread=_SPREAD,
        vision_hidden=192,
        vision_layers=5,
        vision_heads=3,
    )


def _token_ids(config: dict[str, int]) -> dict[str, int]:
    names = {
        "image": "image_token_id",
        "video": "video_token_id",
        "vision_start": "vision_start_token_id",
        "vision_end": "vision_end_token_id",
    }
    text: dict[str, int] = config["text_config"]  # type: ignore[assignment]
    found = {name: config[key] for name, key in names.items()}
    return found | {"end": text["eos_token_id"], "pad": text["pad_token_id"]}
