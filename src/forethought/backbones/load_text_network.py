"""From a checkpoint's folder to its text layers, without transformers."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from forethought.backbones.apply_adapter import rename
from forethought.backbones.frozen_tower import OWN_ARCHITECTURE
from forethought.backbones.text_network import TextNetwork

MAX_PARAMETERS = 2**28
"""One GiB in float32. Reading a larger one twice takes longer than importing transformers."""
_DTYPES = {"F32", "BF16", "F16"}
_HEAD = "lm_head.weight"
_EMBEDDINGS = "model.language_model.embed_tokens.weight"
_VISION = "model.visual."
_TEXT_OF = {OWN_ARCHITECTURE: "qwen2_vl"}
"""The architecture whose text layers another one has."""
_WHOLE_NUMBERS = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
    *("num_attention_heads", "num_key_value_heads", "max_position_embeddings"),
)
_FAULTS = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError),
    *(RuntimeError, MemoryError, SafetensorError),
)
_ROPE_SETTINGS = {"rope_type", "rope_theta", "mrope_section", "mrope_interleaved"}


def load_text_network(folder: Path) -> TextNetwork | None:
    """The text layers of a checkpoint in float32 on the CPU, small and of the usual kind.

    None where config.json leaves a value to transformers' defaults or has an unusual one, where
    the tensors are not exactly those of the config, and where a file cannot be read: only
    transformers tells which of these are faults. Tensors of the vision encoder are not examined.
    """
    try:
        settings = json.loads((folder / "config.json").read_text())
        if not _is_usual(settings):
            return None
        network = TextNetwork(_as_object(settings))
        if sum(weight.numel() for weight in network.parameters()) > MAX_PARAMETERS:
            return None
        return network if _fill(network, folder, is_tied=settings["tie_word_embeddings"]) else None
    except _FAULTS:
        return None


def weight_files(folder: Path) -> list[Path]:
    """The files with a checkpoint's weights: one, or those that its index lists.

    Raises:
        OSError, ValueError, KeyError: if there is neither.
    """
    single = folder / "model.safetensors"
    if single.is_file():
        return [single]
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    return [folder / name for name in sorted({*index["weight_map"].values()})]


def _is_usual(settings: dict[str, Any]) -> bool:
    """Whether config.json states every value that text needs, and none has another meaning."""
    text, rope = settings["text_config"], settings["text_config"]["rope_parameters"]
    architecture, tied = settings["model_type"], settings["tie_word_embeddings"]
    numbers = [text[name] for name in _WHOLE_NUMBERS]
    numbers += [settings[name] for name in ("image_token_id", "video_token_id")]
    numbers.append(settings["vision_config"]["spatial_merge_size"])
    return (
        "quantization_config" not in settings
        and text["model_type"] == f"{_TEXT_OF.get(architecture, architecture)}_text"
        and all(type(number) is int and number > 0 for number in numbers)
        and isinstance(text["rms_norm_eps"], float)
        and isinstance(tied, bool)
        and text.get("tie_word_embeddings", tied) is tied
        and text["hidden_act"] == "silu"
        and not text.get("use_sliding_window")
        and {*(text.get("layer_types") or ["full_attention"])} == {"full_attention"}
        and rope.keys() <= _ROPE_SETTINGS
        and rope["rope_type"] == "default"
        and isinstance(rope["rope_theta"], float | int)
        and _has_usual_heads(text)
    )


def _has_usual_heads(text: dict[str, Any]) -> bool:
    heads, size = text["num_attention_heads"], text.get("head_dim")
    if text["model_type"] == "qwen3_vl_text":
        is_known = isinstance(text["attention_bias"], bool) and type(size) is int
    else:
        even = text["hidden_size"] // heads
        is_known = size in {None, even} and even * heads == text["hidden_size"]
    return is_known and heads % text["num_key_value_heads"] == 0


def _as_object(settings: dict[str, Any]) -> SimpleNamespace:
    found: SimpleNamespace = json.loads(
        json.dumps(settings), object_hook=lambda table: SimpleNamespace(**table)
    )
    return found


def _fill(network: TextNetwork, folder: Path, *, is_tied: bool) -> bool:
    """Load the weights; False if the files hold other tensors than these and the vision encoder's.

    An output layer that is neither tied nor in the files is removed, see `QwenVL.has_lm_head`.
    """
    expected = {name: [*weight.shape] for name, weight in network.state_dict().items()}
    if is_tied:
        del expected[_HEAD]
    with ExitStack() as stack:
        files = [stack.enter_context(safe_open(path, "pt")) for path in weight_files(folder)]
        found = {name: (file, stored) for file in files for name, stored in _names(file)}
        if not is_tied and _HEAD not in found:
            network.lm_head = None
            del expected[_HEAD]
        pieces = {name: file.get_slice(stored) for name, (file, stored) in found.items()}
        if {name: piece.get_shape() for name, piece in pieces.items()} != expected:
            return False
        if not {piece.get_dtype() for piece in pieces.values()} <= _DTYPES:
            return False
        state = {name: _copied(file.get_tensor(stored)) for name, (file, stored) in found.items()}
    if is_tied:
        state[_HEAD] = state[_EMBEDDINGS]
    network.load_state_dict(state, assign=True)
    if is_tied and network.lm_head is not None:
        network.lm_head.weight = network.get_parameter(_EMBEDDINGS)
    return True


def _names(file: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - safetensors has no types
    """The tensors of a file but the vision encoder's: present name, and name in the file."""
    for stored in file.keys():  # noqa: SIM118 - not a dict
        name = rename(stored)
        if not name.startswith(_VISION):
            yield name, stored


def _copied(tensor: Tensor) -> Tensor:
    """A float32 copy: the original's memory is that of the file, which may change."""
    return tensor.to(torch.float32, copy=True)
