"""From a checkpoint's folder to vLLM beside the engine that has read it."""

import os
import shutil
import tempfile
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from forethought.backbones import ADAPTER, QwenVL
from forethought.engines.local import LocalEngine
from forethought.engines.memory import row_bytes
from forethought.engines.vllm.vllm_engine import VllmEngine
from forethought.errors import ModelError

QUIET = {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
"""What vLLM is told unless the environment says otherwise: say little, and report to nobody."""


def start_vllm(folder: Path, reader: LocalEngine) -> VllmEngine:
    """Start vLLM on a folder; it runs in processes of its own until the engine is dropped.

    Raises:
        ModelError: if vLLM is not installed, the family never writes, or the folder is a LoRA
            adapter.
    """
    if reader.completion_format is None:
        raise ModelError(f"{folder}: a family that never writes has no use for engine='vllm'")
    if (folder / ADAPTER).is_file():
        raise ModelError(
            f"{folder} is a LoRA adapter: merge it into its base and save that for engine='vllm', "
            "or use engine='local'"
        )
    if find_spec("vllm") is None:
        raise ModelError(
            "engine='vllm' needs vLLM, in an environment of its own: `pip install vllm` beside "
            "forethought (docs/vllm.md has the recipe for a CPU), or use engine='local'"
        )
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from vllm import LLM  # noqa: PLC0415 - slow, and an option

    weights, lent = network_folder(folder)
    writer = LLM(
        model=str(weights),
        dtype=str(reader.backbone.network.dtype).removeprefix("torch."),
        max_model_len=reader.backbone.context_length,
        enable_prefix_caching=True,
        enable_mm_embeds=True,
        limit_mm_per_prompt={"image": _pictures(reader.backbone), "video": 0},
        # Pictures come as vectors: memory need not be kept for a tower that never runs.
        skip_mm_profiling=True,
        # Nothing is inherited from the checkpoint's own settings.
        generation_config="vllm",
        use_tqdm_on_load=False,
        **_room(reader),
    )
    if lent:
        weakref.finalize(writer, shutil.rmtree, weights, ignore_errors=True)
    return VllmEngine(reader, writer)


def network_folder(folder: Path) -> tuple[Path, bool]:
    """A folder with no safetensors but the network's, and whether it is only lent.

    vLLM would take a gate's for the network's.
    """
    files = list(folder.resolve().iterdir())
    others = [
        path
        for path in files
        if path.suffix == ".safetensors" and not path.name.startswith("model")
    ]
    if not others:
        return folder, False
    view = Path(tempfile.mkdtemp(prefix="forethought-vllm-"))
    for path in files:
        if path not in others:
            (view / path.name).symlink_to(path)
    return view, True


def _pictures(backbone: QwenVL) -> int:
    """How many pictures vLLM is told that a prompt may hold; 0 leaves its vision tower out.

    Vectors are taken all the same, but where several layers are shown pictures, as in
    Qwen3-VL, vLLM forgets about the deeper ones without its tower.
    """
    deep = getattr(backbone.network.config.vision_config, "deepstack_visual_indexes", None)
    return 999 if deep else 0


def _room(reader: LocalEngine) -> dict[str, Any]:
    """How much memory vLLM takes.

    Of a GPU, four fifths of what the reader left free; of main memory, what keys and values
    of as many rows as the reader reads take at a thousand tokens each, or of one whole context.
    """
    device = reader.backbone.device
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return {"gpu_memory_utilization": 0.8 * free / total}
    tokens = max(reader.backbone.context_length, 1024 * reader.limits.rows)
    size = row_bytes(reader.backbone, room=tokens, precision=None)
    # Compiling would take minutes.
    return {"enforce_eager": True, "kv_cache_memory_bytes": size}
