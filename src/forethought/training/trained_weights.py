"""Which weights of a network are trained: all, parts of it, or an adapter beside them."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from forethought.errors import ConfigError

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers of a text layer."""
_VISUAL = ".visual."
_PROJECTORS = ("merger", "projector")
"""Parts of the modules between the vision encoder and the text layers, in every family."""


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """A low-rank adapter on linear layers of the text layers (LoRA: Hu et al., arXiv 2106.09685).

    An update is scaled by `alpha` / `rank`. With `dora` the length of each column is trained apart
    from its direction (DoRA: Liu et al., arXiv 2402.09353). The embeddings of the embed tokens are
    trained too: a base has never read them.

    Raises:
        ValueError: if a number is out of its range.
    """

    rank: int
    alpha: float
    dropout: float = 0.0
    dora: bool = False
    layers: tuple[str, ...] = LINEAR

    def __post_init__(self) -> None:
        if self.rank < 1 or self.alpha <= 0 or not 0 <= self.dropout < 1:
            raise ValueError(
                "rank must be 1 or more, alpha positive and dropout from 0 to below 1, got "
                f"{self.rank}, {self.alpha:g} and {self.dropout:g}"
            )
        unknown = sorted(set(self.layers) - set(LINEAR))
        if unknown or not self.layers:
            raise ValueError(
                f"layers are some of {', '.join(LINEAR)}, got {', '.join(unknown) or 'none'}"
            )


@dataclass(frozen=True, slots=True)
class TrainedSettings:
    """The parts of a network that are trained.

    `vision` is the vision encoder, `projector` what lies between it and the text layers. With an
    `adapter` the text layers' own weights stay as they are.
    """

    vision: bool = True
    projector: bool = True
    adapter: AdapterSettings | None = None


def set_trained(
    network: Any,  # noqa: ANN401 - transformers types it loosely
    settings: TrainedSettings,
    *,
    embed_ids: Iterable[int],
) -> Any:  # noqa: ANN401
    """Freeze what is not trained, and put the adapter in; the adapter, or None without one.

    Args:
        embed_ids: the tokens whose embeddings are trained beside an adapter.
    """
    network.requires_grad_(requires_grad=True)
    adapter = _add_adapter(network, settings.adapter, embed_ids) if settings.adapter else None
    for name, parameter in network.named_parameters():
        if _VISUAL in name:
            is_projector = any(part in name for part in _PROJECTORS)
            parameter.requires_grad_(settings.projector if is_projector else settings.vision)
    return adapter


def _add_adapter(network: Any, settings: AdapterSettings, embed_ids: Iterable[int]) -> Any:  # noqa: ANN401
    try:
        from peft import LoraConfig, PeftModel  # noqa: PLC0415 - slow, and an extra of `train`
    except ModuleNotFoundError:
        raise ConfigError(
            'an adapter needs the package peft: pip install "forethought[train]"'
        ) from None
    config = LoraConfig(
        r=settings.rank,
        # peft types it as a whole number, and divides it by the rank.
        lora_alpha=settings.alpha,  # type: ignore[arg-type]
        lora_dropout=settings.dropout,
        use_dora=settings.dora,
        # The names of a vision encoder's layers end alike in some families.
        target_modules=rf".*language_model\.layers\..*\.({'|'.join(settings.layers)})",
        trainable_token_indices={"embed_tokens": sorted(embed_ids)},
    )
    with warnings.catch_warnings():
        # peft calls transformers by a name that it will drop.
        warnings.simplefilter("ignore", FutureWarning)
        return PeftModel(network, config)


def enable_checkpointing(network: Any) -> None:  # noqa: ANN401
    """Store what enters each layer alone, and run the layer again in the backward pass."""
    # The present name, and the one before it.
    enable = getattr(network, "activation_checkpointing_enable", None)
    (enable or network.gradient_checkpointing_enable)({"use_reentrant": False})


def merged(adapter: Any) -> torch.nn.Module:  # noqa: ANN401 - as above
    """The network of an adapter with it merged in, in place."""
    plain: torch.nn.Module = adapter.merge_and_unload()
    return plain
