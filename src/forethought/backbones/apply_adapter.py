"""A LoRA adapter's tensors, each in its place in the base's network."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from forethought.backbones.adapter import ADAPTER, ADAPTER_PICKLE, ADAPTER_WEIGHTS
from forethought.errors import ModelError

_PREFIX = "base_model.model."
_OLDER_LAYOUTS = (
    # transformers' `conversion_mapping.py` does the same to whole Qwen2-VL checkpoints.
    (re.compile(r"^visual\b"), "model.visual"),
    (re.compile(r"^language_model\."), "model.language_model."),
    (re.compile(r"^model(?=\.)(?!\.(language_model|visual)\b)"), "model.language_model"),
)
_VOCABULARY = ("embed_tokens.weight", "lm_head.weight")


def apply_adapter(network: Any, folder: Path, *, merge: bool) -> Any:  # noqa: ANN401 - transformers types it loosely
    """Apply the adapter in a folder, merged or beside the base's weights.

    Tensors in the layouts of older versions are renamed, and a base is grown by the tokens that
    the adapter adds.

    Raises:
        ModelError: if a tensor is missing or has no place, or an added token was never trained.
    """
    from peft import PeftConfig, PeftModel, set_peft_model_state_dict  # noqa: PLC0415 - slow

    tensors = read_adapter(folder)
    renamed = {_PREFIX + rename(name.removeprefix(_PREFIX)): t for name, t in tensors.items()}
    config: Any = PeftConfig.from_pretrained(str(folder))
    config.inference_mode = True
    if renamed.keys() != tensors.keys():
        _rename_settings(config, network)
    _grow(network, config, renamed, folder=folder)
    wrapped: Any = PeftModel(network, config)
    _check_places(wrapped, renamed, folder)
    set_peft_model_state_dict(wrapped, renamed)
    return wrapped.merge_and_unload() if merge else wrapped.get_base_model()


def rename(name: str) -> str:
    """The name of a module or tensor in transformers' present layout."""
    for older, present in _OLDER_LAYOUTS:
        name, changed = older.subn(present, name)
        if changed:
            break
    return name


def read_adapter(folder: Path) -> dict[str, Tensor]:
    """The tensors of an adapter by their names in its file.

    Raises:
        ModelError: if there is no file, only a pickle, or nothing in it.
    """
    if not (folder / ADAPTER_WEIGHTS).is_file():
        if (folder / ADAPTER_PICKLE).is_file():
            raise ModelError(
                f"{folder}: only a pickle ({ADAPTER_PICKLE}), which is never opened: it can run "
                f"code; save the adapter again with a newer peft, as {ADAPTER_WEIGHTS}"
            )
        raise ModelError(f"{folder}: {ADAPTER_WEIGHTS} is missing; copy or train it again")
    tensors = load_file(folder / ADAPTER_WEIGHTS)
    if not tensors:
        raise ModelError(f"{folder / ADAPTER_WEIGHTS} holds no tensor; copy or train it again")
    return tensors


def adapter_rows(folder: Path, rows: int) -> int:
    """How many rows the embeddings of a base with `rows` have with the adapter in a folder.

    An adapter that saves them whole has the number; one that trains single rows adds those.

    Raises:
        ModelError: if the adapter cannot be read.
    """
    try:
        with safe_open(folder / ADAPTER_WEIGHTS, "pt") as file:
            names = [name for name in file.keys() if name.endswith(_VOCABULARY)]  # noqa: SIM118
            whole = [int(file.get_slice(name).get_shape()[0]) for name in names]
        trained = _trained_rows(json.loads((folder / ADAPTER).read_text()))
    except (OSError, ValueError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelError(f"{folder}: no readable adapter ({error}); save it again") from None
    return max(whole) if whole else max(rows, *(row + 1 for row in trained), 0)


def _rename_settings(config: Any, network: Any) -> None:  # noqa: ANN401
    """Names in the settings of an adapter whose tensors are in an older layout."""
    from peft.tuners.tuners_utils import check_target_module_exists  # noqa: PLC0415

    targets = config.target_modules
    if isinstance(targets, str) and targets != "all-linear":
        # A pattern cannot be renamed: it is matched against the names that it was written for.
        config.target_modules = {
            name
            for name, _ in network.named_modules()
            if check_target_module_exists(config, _older(name))
        }
    elif isinstance(targets, (set, list)):
        config.target_modules = {rename(name) for name in targets}
    for setting in ("rank_pattern", "alpha_pattern"):
        pattern = getattr(config, setting, None)
        if pattern:
            setattr(config, setting, {rename(name): value for name, value in pattern.items()})


def _older(name: str) -> str:
    """The name of a module before `language_model` was added."""
    name = re.sub(r"^model\.visual\b", "visual", name)
    return re.sub(r"^model\.language_model\b", "model", name)


def _grow(network: Any, config: Any, tensors: dict[str, Tensor], *, folder: Path) -> None:  # noqa: ANN401
    """Give the base as many rows as the adapter was trained with.

    Raises:
        ModelError: if the adapter's tokenizer has tokens that neither has a row for.
    """
    rows = len(network.get_input_embeddings().weight)
    whole = any(name.endswith(_VOCABULARY) for name in tensors)
    trained = _trained_rows(config.to_dict())
    wanted = adapter_rows(folder, rows)
    untrained = sorted(
        (token_id, token)
        for token, token_id in _tokens(folder).items()
        if token_id >= wanted or (not whole and token_id >= rows and token_id not in trained)
    )
    if untrained:
        raise ModelError(
            f"{folder}: its tokenizer adds {untrained[0][1]!r} ({len(untrained)} such tokens), for "
            f"which neither the base ({rows} rows) nor the adapter has an embedding; save it with "
            "the embeddings (peft: modules_to_save or trainable_token_indices)"
        )
    if wanted == rows:
        return
    network.resize_token_embeddings(wanted, mean_resizing=False)
    if wanted > rows:
        with torch.no_grad():
            for layer in (network.get_input_embeddings(), network.get_output_embeddings()):
                # What the adapter does not set: the mean is never the most probable token.
                if layer is not None:
                    layer.weight[rows:] = layer.weight[:rows].float().mean(0).to(layer.weight.dtype)
    head_is_saved = any(name.endswith("lm_head.weight") for name in tensors)
    if network.config.tie_word_embeddings and not head_is_saved and config.modules_to_save:
        config.ensure_weight_tying = True


def _trained_rows(config: Mapping[str, Any]) -> set[int]:
    indices = config.get("trainable_token_indices") or []
    lists = indices.values() if isinstance(indices, dict) else [indices]
    return {int(row) for rows in lists for row in rows}


def _tokens(folder: Path) -> dict[str, int]:
    """The tokens that an adapter's own tokenizer adds to its vocabulary."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return {}
    try:
        added = json.loads(path.read_text(encoding="utf-8")).get("added_tokens") or []
        return {str(token["content"]): int(token["id"]) for token in added}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: not readable ({error}); copy or train it again") from None


def _check_places(wrapped: Any, tensors: dict[str, Tensor], folder: Path) -> None:  # noqa: ANN401
    """Refuse an adapter of which any tensor is missing, or has no place or another shape."""
    from peft import get_peft_model_state_dict  # noqa: PLC0415

    expected = get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    # peft saves whole embeddings beside an adapter if the vocabulary was resized.
    beside = {
        f"{_PREFIX}{name}": weight
        for name, weight in wrapped.get_base_model().state_dict().items()
        if name.endswith(_VOCABULARY) and f"{_PREFIX}{name}" in tensors
    }
    places = {**beside, **expected}
    for names, fault in (
        (expected.keys() - tensors.keys(), f"lacks {{}} of {len(expected)} tensors"),
        (tensors.keys() - places.keys(), f"holds {{}} of {len(tensors)} tensors without a place"),
    ):
        if names:
            raise ModelError(
                f"{folder}: the adapter {fault.format(len(names))}, first {min(names)}; copy or "
                f"train it again, or name the base it was trained on in {ADAPTER}"
            )
    for name, tensor in tensors.items():
        if tensor.shape != places[name].shape:
            raise ModelError(
                f"{folder}: {name} is {tuple(tensor.shape)}, but its place is "
                f"{tuple(places[name].shape)}; name the base it was trained on in {ADAPTER}"
            )
