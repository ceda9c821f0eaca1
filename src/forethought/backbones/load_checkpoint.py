"""From a checkpoint's folder to a network ready to embed: safetensors only."""

import json
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError

from forethought.backbones.adapter import ADAPTER, base_folder, checkpoint_file
from forethought.backbones.apply_adapter import apply_adapter
from forethought.backbones.check_device import check_device
from forethought.backbones.decoder import check_extends
from forethought.backbones.frozen_tower import OWN_ARCHITECTURE
from forethought.backbones.linear import pack
from forethought.backbones.load_text_network import load_text_network, weight_files
from forethought.backbones.progress_bars import no_progress_bars
from forethought.backbones.qwen_vl import QwenVL
from forethought.errors import ModelError

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig, PreTrainedModel

NETWORKS = {
    "qwen2_vl": "Qwen2VLForConditionalGeneration",
    "qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration",
    "qwen3_vl": "Qwen3VLForConditionalGeneration",
    OWN_ARCHITECTURE: "ForethoughtVLForConditionalGeneration",
}
"""The names of the classes, all but the last stock ones, by the `model_type` of a config."""
DTYPES = ("auto", "float32", "bfloat16", "float16")
_Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Device, precision and kernels of a loaded network; None is the loader's default.

    Args:
        device: a torch device; None is the CPU here, and the first GPU for `forethought.load`.
        dtype: "float32", "bfloat16", "float16", or "auto" for the checkpoint's own; None is
            float32 on a CPU and "auto" elsewhere.
        attention: one of transformers' `attn_implementation`s; None is transformers' choice.
        quantize: "4bit" or "8bit", where bitsandbytes is installed.
        device_map: spreads a network over several devices, in place of `device`.
        merge: merge a LoRA adapter into its base, which makes it free at run time; False only
            applies it, as quantised weights need.
        packed: on a CPU keep a second, packed copy of float32 weights, about twice as fast on
            some processors (`backbones/linear.py`).

    Raises:
        ModelError: if `dtype` or `quantize` is unknown.
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
        """`dtype`, or its default for the device."""
        return self.dtype or ("auto" if self.device not in {None, "cpu"} else "float32")

    @property
    def is_plain(self) -> bool:
        """Whether this is float32 on a CPU, with transformers' choice of everything else."""
        others = self.attention or self.quantize or self.device_map
        return self.device in {None, "cpu"} and self.precision == "float32" and not others


def load_checkpoint(folder: Path, options: LoadOptions | None = None) -> QwenVL:
    """Load a folder's config and safetensors into a network of a class in `NETWORKS`.

    A folder with an `adapter_config.json` is a LoRA adapter: its base is loaded, and the
    adapter merged into it or applied. In float32 on a CPU a small network may be loaded in two
    steps: its text layers now, and the stock network with the first picture, or with
    `QwenVL.network`. A fault in the vision encoder's tensors is then refused in the second step.

    Raises:
        ModelError: if a file is missing or damaged, or the architecture is unknown.
    """
    options = options or LoadOptions()
    check_device(options.device or "cpu")
    if (folder / ADAPTER).is_file():
        return _load_adapter(folder, options)
    architecture = architecture_of(folder)
    if architecture not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise ModelError(f"{folder}: model_type is {architecture!r}; known: {known}")
    stamp = _stamp(folder) if options.is_plain else None
    text = load_text_network(folder) if stamp else None
    if text is None:
        return QwenVL(_load_stock(folder, options))
    return QwenVL(
        _ready(text, options), load_stock=partial(_load_unchanged, folder, options, stamp=stamp)
    )


def _load_unchanged(folder: Path, options: LoadOptions, *, stamp: _Stamp | None) -> Any:  # noqa: ANN401 - transformers types it loosely
    """Load the stock network of text layers that were loaded before."""
    if _stamp(folder) != stamp:
        raise ModelError(
            f"{folder}: its config or weights were changed or removed since it was loaded, and "
            "pictures need the rest of them; load it again"
        )
    return _load_stock(folder, options)


def _stamp(folder: Path) -> _Stamp | None:
    """Size and time of every file that a network is loaded from; None if one is missing."""
    try:
        files = [folder / "config.json", *weight_files(folder)]
        return tuple((path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _load_stock(folder: Path, options: LoadOptions) -> Any:  # noqa: ANN401
    architecture = architecture_of(folder)
    network, info = _from_pretrained(folder, network_class(architecture), options)
    # transformers would initialise a missing tensor at random.
    missing = set(info["missing_keys"])
    if missing == {"lm_head.weight"}:
        # Some embedders are published without it: see `QwenVL.has_lm_head`.
        network.lm_head = None
    elif missing:
        raise ModelError(f"{folder}: the weights lack {min(missing)}; copy or train them again")
    left_over = set(info["unexpected_keys"])
    if left_over:
        raise ModelError(
            f"{folder}: {len(left_over)} tensors of the weights have no place in {architecture}, "
            f"first {min(left_over)}; copy or save them again as the network that config.json names"
        )
    check_extends(network)
    return _ready(network, options)


def architecture_of(folder: Path) -> str:
    """The `model_type` in a folder's config.

    Raises:
        ModelError: if there is no readable config.
    """
    try:
        return str(json.loads(checkpoint_file(folder, "config.json").read_text())["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable config.json ({error}); name a folder that "
            "`forethought train` or `save_pretrained` wrote"
        ) from None


def network_class(architecture: str) -> "type[PreTrainedModel]":
    """The class of a `model_type` in `NETWORKS`; its module is imported by this call."""
    is_ours = architecture == OWN_ARCHITECTURE
    module = import_module("forethought.backbones.forethought_vl" if is_ours else "transformers")
    found: type[PreTrainedModel] = getattr(module, NETWORKS[architecture])
    return found


def _from_pretrained(
    folder: Path, network: "type[PreTrainedModel]", options: LoadOptions
) -> tuple[Any, Any]:
    settings: dict[str, Any] = {}
    precision = options.precision
    if options.attention:
        settings["attn_implementation"] = options.attention
    if options.device_map:
        settings["device_map"] = options.device_map
    if options.quantize:
        settings["quantization_config"] = _quantization(options.quantize)
    try:
        with no_progress_bars():
            loaded: Any = network.from_pretrained(
                folder,
                dtype="auto" if precision == "auto" else getattr(torch, precision),
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                **settings,
            )
        found, info = loaded
        if options.device_map is None and options.quantize is None:
            found = found.to(options.device or "cpu")
    except (
        *(OSError, SafetensorError, RuntimeError, ValueError, ImportError, MemoryError),
    ) as error:
        raise ModelError(_reason(folder, options, error)) from None
    return found, info


def _reason(folder: Path, options: LoadOptions, error: Exception) -> str:
    """Why loading failed, and the way out."""
    text = str(error).strip()
    line = (text.splitlines() or [type(error).__name__])[0]
    is_import = isinstance(error, ImportError)
    if options.attention and (is_import or options.attention in text):
        return (
            f"attention={options.attention!r} cannot be used here ({line}); leave it out, or use "
            "'sdpa' or 'eager'"
        )
    if is_import or "accelerate" in text:
        return f"{folder}: a package is missing ({line}); install it, or leave its option out"
    no_memory = isinstance(error, torch.OutOfMemoryError | MemoryError)
    if no_memory or "can't allocate memory" in text:
        return (
            f"{folder}: the weights do not fit into the memory of {options.device or 'cpu'} "
            f"({line}); use dtype='bfloat16', quantize, device_map or another device"
        )
    if not any(folder.glob("*.safetensors")) and any(folder.glob("pytorch_model*.bin")):
        return (
            f"{folder}: only pickles (pytorch_model.bin), which are never opened: they can run "
            "code; convert them with transformers' save_pretrained, or take another revision"
        )
    return f"{folder}: the weights cannot be read ({text}); copy or train them again"


def _quantization(kind: str) -> "BitsAndBytesConfig":
    if find_spec("bitsandbytes") is None:
        raise ModelError(
            f"quantize={kind!r} needs the package bitsandbytes and a GPU: "
            "`pip install bitsandbytes`, or leave it out"
        )
    import transformers  # noqa: PLC0415 - slow

    settings: dict[str, Any] = {"load_in_8bit": True}
    if kind == "4bit":
        settings = {"load_in_4bit": True, "bnb_4bit_compute_dtype": torch.bfloat16}
    return transformers.BitsAndBytesConfig(**settings)  # type: ignore[no-untyped-call]


def _load_adapter(folder: Path, options: LoadOptions) -> QwenVL:
    if find_spec("peft") is None:
        raise ModelError(f"{folder} is a LoRA adapter: `pip install 'forethought[train]'` for peft")

    try:
        name = str(json.loads((folder / ADAPTER).read_text())["base_model_name_or_path"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: no readable {ADAPTER} ({error}); save it again") from None
    base = base_folder(folder)
    if base == folder:
        raise ModelError(
            f"{folder}: its base model {name!r} is no folder here; download it and write "
            f"its path into {ADAPTER}"
        )
    network = load_checkpoint(base, replace(options, packed=False)).network
    try:
        adapted = apply_adapter(network, folder, merge=options.merge)
    except ModelError:
        raise
    except (OSError, SafetensorError, RuntimeError, ValueError, TypeError) as error:
        raise ModelError(
            f"{folder}: the adapter does not fit {base} ({error}); name the base it was trained "
            f"on in {ADAPTER}"
        ) from None
    return QwenVL(_ready(adapted, options))


def _ready(network: Any, options: LoadOptions) -> Any:  # noqa: ANN401
    """A network for inference, with packed weights where they are asked for."""
    if options.packed and next(network.parameters()).device.type == "cpu":
        pack(network)
    return network.eval().requires_grad_(requires_grad=False)
