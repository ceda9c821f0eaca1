"""Starts vLLM on a checkpoint's folder, beside the local engine that has loaded it."""

import os
import shutil
import tempfile
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from forethought.backbones import ADAPTER, OWN_ARCHITECTURE, QwenVL, architecture_of
from forethought.engines.device_memory import row_bytes
from forethought.engines.local import LocalEngine
from forethought.engines.vllm.backend import VllmEngine
from forethought.errors import ModelError

ENVIRONMENT = {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
"""Variables set unless they are set already: log errors only, send no usage statistics."""


def start_vllm(folder: Path, local: LocalEngine) -> VllmEngine:
    """Start vLLM on a folder; its processes end when the engine is garbage-collected.

    Raises:
        ModelError: if vLLM is not installed, the family writes no rationale, or the folder is a
            LoRA adapter or of forethought's own architecture.
    """
    if local.completion_format is None:
        raise ModelError(f"{folder}: this family writes no rationale; load it with engine='local'")
    if (folder / ADAPTER).is_file():
        raise ModelError(
            f"{folder} is a LoRA adapter: merge it into its base and save that for engine='vllm', "
            "or use engine='local'"
        )
    if architecture_of(folder) == OWN_ARCHITECTURE:
        raise ModelError(
            f"{folder}: vLLM does not run {OWN_ARCHITECTURE}, forethought's own architecture; use "
            "engine='local'"
        )
    if find_spec("vllm") is None:
        raise ModelError(
            "engine='vllm' needs vLLM, in an environment of its own: `pip install vllm` beside "
            "forethought (docs/vllm.md has the recipe for a CPU), or use engine='local'"
        )
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from vllm import LLM  # noqa: PLC0415 - slow, and an option

    weights, is_temporary = weights_folder(folder)
    llm = LLM(
        model=str(weights),
        dtype=str(local.backbone.dtype).removeprefix("torch."),
        max_model_len=local.backbone.context_length,
        enable_prefix_caching=True,
        enable_mm_embeds=True,
        limit_mm_per_prompt={"image": _max_images(local.backbone), "video": 0},
        # Images come as features, so no memory is reserved for the vision encoder.
        skip_mm_profiling=True,
        # Sampling defaults are vLLM's, not the checkpoint's.
        generation_config="vllm",
        use_tqdm_on_load=False,
        **_memory_arguments(local),
    )
    if is_temporary:
        weakref.finalize(llm, shutil.rmtree, weights, ignore_errors=True)
    return VllmEngine(local, llm)


def weights_folder(folder: Path) -> tuple[Path, bool]:
    """A folder without other safetensors than the network's, and whether it is temporary.

    vLLM would load a gate's weights as the network's.
    """
    files = list(folder.resolve().iterdir())
    others = [
        path
        for path in files
        if path.suffix == ".safetensors" and not path.name.startswith("model")
    ]
    if not others:
        return folder, False
    links = Path(tempfile.mkdtemp(prefix="forethought-vllm-"))
    for path in files:
        if path not in others:
            (links / path.name).symlink_to(path)
    return links, True


def _max_images(backbone: QwenVL) -> int:
    """Maximum number of images in a prompt; with 0 vLLM does not load its vision encoder.

    It takes image features all the same. But without its encoder it drops the deepstack
    features of Qwen3-VL.
    """
    deepstack = getattr(backbone.network.config.vision_config, "deepstack_visual_indexes", None)
    return 999 if deepstack else 0


def _memory_arguments(local: LocalEngine) -> dict[str, Any]:
    """How much memory vLLM takes.

    On a GPU four fifths of what is free; on a CPU the keys and values of `Limits.rows` rows of
    1024 tokens, or of one full context.
    """
    device = local.backbone.device
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return {"gpu_memory_utilization": 0.8 * free / total}
    tokens = max(local.backbone.context_length, 1024 * local.limits.rows)
    size = row_bytes(local.backbone, length=tokens, dtype=None)
    # Compilation would take minutes.
    return {"enforce_eager": True, "kv_cache_memory_bytes": size}
