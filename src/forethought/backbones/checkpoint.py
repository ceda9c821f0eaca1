"""Weights in and out of a folder: safetensors only."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    BitsAndBytesConfig,
    PreTrainedModel,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
)
from transformers.utils import logging

from forethought.backbones.decoder import check_extends
from forethought.backbones.folder import ADAPTER, base_of, file_of
from forethought.backbones.linear import pack
from forethought.backbones.qwen_vl import QwenVL
from forethought.errors import ModelError

NETWORKS: dict[str, type[PreTrainedModel]] = {
    "qwen2_vl": Qwen2VLForConditionalGeneration,
    "qwen2_5_vl": Qwen2_5_VLForConditionalGeneration,
    "qwen3_vl": Qwen3VLForConditionalGeneration,
}
"""The stock classes by the `model_type` of a config."""
HEAD = "lm_head.weight"
_PART = 2**24


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a Qwen2-VL network."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    feed_forward: int
    context: int
    vision_hidden: int
    vision_layers: int
    vision_heads: int
    spread: float
    """The standard deviation of a fresh weight."""


def new_network(
    shape: Shape, *, token_ids: dict[str, int], generator: torch.Generator
) -> Qwen2VLForConditionalGeneration:
    """Make a network with fresh weights.

    `token_ids` names `image`, `video`, `vision_start`, `vision_end`, `end` and `pad`.
    """
    head = shape.hidden // shape.heads
    # M-RoPE's published split of a head's half: a quarter for time, three eighths a side.
    sections = [head // 8, head * 3 // 16, head // 2 - head // 8 - head * 3 // 16]
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": shape.vocabulary,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.feed_forward,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.key_value_heads,
            "max_position_embeddings": shape.context,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": sections,
            },
            "tie_word_embeddings": True,
            "initializer_range": shape.spread,
            "bos_token_id": None,
            "eos_token_id": token_ids["end"],
            "pad_token_id": token_ids["pad"],
        },
        vision_config={
            "depth": shape.vision_layers,
            "embed_dim": shape.vision_hidden,
            "hidden_size": shape.hidden,
            "num_heads": shape.vision_heads,
            "mlp_ratio": 4,
            "initializer_range": shape.spread,
        },
        image_token_id=token_ids["image"],
        video_token_id=token_ids["video"],
        vision_start_token_id=token_ids["vision_start"],
        vision_end_token_id=token_ids["vision_end"],
        tie_word_embeddings=True,
    )
    # The network's own initialisation draws from the global generator: lend it ours.
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(generator.get_state())
        return Qwen2VLForConditionalGeneration(config)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How weights are put to work; None leaves the choice to whoever loads.

    `device` None is a CPU here, for `forethought.load` the first GPU. `dtype` is a torch type's
    name, or "auto" for the checkpoint's own; None is float32 on a CPU and "auto" elsewhere.
    `attention` is one of transformers' implementations; None lets it choose. `quantize` is "4bit" or "8bit", where
    bitsandbytes is installed. `device_map` spreads a network over several devices and then
    decides instead of `device`. An adapter is merged into its base, which costs nothing to
    run, or only applied, as quantised weights need. On a CPU, float32 layers are `packed`, which
    keeps a second copy of their weights and is about twice as fast on some processors
    (`backbones.linear`).
    """

    device: str | None = None
    dtype: str | None = None
    attention: str | None = None
    quantize: str | None = None
    device_map: str | None = None
    merge: bool = True
    packed: bool = True

    def __post_init__(self) -> None:
        if self.dtype is not None and self.dtype not in DTYPES:
            raise ModelError(f"unknown dtype {self.dtype!r}; known: {', '.join(DTYPES)}")
        if self.quantize not in {None, "4bit", "8bit"}:
            raise ModelError(f"unknown quantize {self.quantize!r}; known: 4bit, 8bit")

    @property
    def precision(self) -> str:
        """The dtype that None stands for, if it is None."""
        return self.dtype or ("auto" if self.device not in {None, "cpu"} else "float32")


DTYPES = ("auto", "float32", "bfloat16", "float16")


def load_checkpoint(folder: Path, loading: LoadOptions | None = None) -> QwenVL:
    """Load a folder's config and safetensors into a stock network, ready to embed.

    A folder with an `adapter_config.json` is a LoRA adapter: its base is loaded, and the
    adapter merged into it or applied.

    Raises:
        ModelError: if a file is missing or damaged, or the architecture is another.
    """
    loading = loading or LoadOptions()
    if (folder / ADAPTER).is_file():
        return _adapted(folder, loading)
    architecture = architecture_of(folder)
    if architecture not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise ModelError(f"{folder}: model_type is {architecture!r}; known: {known}")
    network, told = _loaded(folder, NETWORKS[architecture], loading)
    # Left alone, a tensor that the file lacks would silently be drawn at random.
    missing = set(told["missing_keys"])
    if missing == {HEAD}:
        # An embedder published without the part that writes: see `QwenVL.writes`.
        network.lm_head = None
    elif missing:
        raise ModelError(f"{folder}: the weights lack {min(missing)}; copy or train them again")
    if loading.device_map is None and loading.quantize is None:
        network = network.to(loading.device or "cpu")
    check_extends(network)
    return _ready(network, loading)


def architecture_of(folder: Path) -> str:
    """The `model_type` that a folder's config names.

    Raises:
        ModelError: if there is no readable config.
    """
    try:
        return str(json.loads(file_of(folder, "config.json").read_text())["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable config.json ({error}); name a folder that "
            "`forethought train` or `save_pretrained` wrote"
        ) from None


def _loaded(folder: Path, network: type[PreTrainedModel], loading: LoadOptions) -> tuple[Any, Any]:
    settings: dict[str, Any] = {}
    precision = loading.precision
    if loading.attention:
        settings["attn_implementation"] = loading.attention
    if loading.device_map:
        settings["device_map"] = loading.device_map
    if loading.quantize:
        settings["quantization_config"] = _quantization(loading.quantize)
    try:
        with _no_bars():
            found: Any = network.from_pretrained(
                folder,
                dtype="auto" if precision == "auto" else getattr(torch, precision),
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                **settings,
            )
    except (OSError, SafetensorError, RuntimeError, ValueError, ImportError) as error:
        raise ModelError(
            f"{folder}: the weights cannot be read ({error}); copy or train them again"
        ) from None
    network_and_told: tuple[Any, Any] = found
    return network_and_told


def _quantization(kind: str) -> BitsAndBytesConfig:
    if find_spec("bitsandbytes") is None:
        raise ModelError(
            f"quantize={kind!r} needs the package bitsandbytes and a GPU: "
            "`pip install bitsandbytes`, or leave it out"
        )
    how: dict[str, Any] = {"load_in_8bit": True}
    if kind == "4bit":
        how = {"load_in_4bit": True, "bnb_4bit_compute_dtype": torch.bfloat16}
    return BitsAndBytesConfig(**how)  # type: ignore[no-untyped-call]


def _adapted(folder: Path, loading: LoadOptions) -> QwenVL:
    if find_spec("peft") is None:
        raise ModelError(f"{folder} is a LoRA adapter: `pip install 'forethought[train]'` for peft")
    from peft import PeftModel  # noqa: PLC0415 - only adapters need it

    try:
        named = str(json.loads((folder / ADAPTER).read_text())["base_model_name_or_path"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: no readable {ADAPTER} ({error}); save it again") from None
    base = base_of(folder)
    if base == folder:
        raise ModelError(
            f"{folder}: its base model {named!r} is no folder here; download it and write "
            f"its path into {ADAPTER}"
        )
    network = load_checkpoint(base, replace(loading, packed=False)).network
    try:
        adapted = PeftModel.from_pretrained(network, folder)
        merged = adapted.merge_and_unload() if loading.merge else adapted.get_base_model()
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise ModelError(f"{folder}: the adapter does not fit {base} ({error})") from None
    return _ready(merged, loading)


def _ready(network: Any, loading: LoadOptions) -> QwenVL:  # noqa: ANN401 - transformers types it loosely
    if loading.packed and network.device.type == "cpu":
        pack(network)
    return QwenVL(network.eval().requires_grad_(requires_grad=False))


def save_checkpoint(network: PreTrainedModel, folder: Path, *, dtype: torch.dtype) -> None:
    """Write config and safetensors; the network itself keeps its own precision."""
    folder.mkdir(parents=True, exist_ok=True)
    tied = {"lm_head.weight"} if network.config.tie_word_embeddings else set()
    state = {
        name: value.to(dtype) for name, value in network.state_dict().items() if name not in tied
    }
    with _no_bars():
        network.save_pretrained(folder, state_dict=state)
    # It names the network's own precision, in which stock transformers would load it again.
    config = json.loads((folder / "config.json").read_text())
    for part in (config, config["text_config"], config["vision_config"]):
        part["dtype"] = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


@contextmanager
def _no_bars() -> Iterator[None]:
    """Keep transformers' progress bars off for a while: nobody asked for them."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def revision_of(folder: Path) -> str:
    """Twelve hex digits over every weight and setting in a folder, and in an adapter's base."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".safetensors", ".json"}:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while part := file.read(_PART):
                    digest.update(part)
    base = base_of(folder)
    if base != folder:
        digest.update(revision_of(base).encode())
    return digest.hexdigest()[:12]
