"""A step's module on several processes: replicated, or with its weights sharded."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, cast

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from forethought.backbones import QwenVL
from forethought.encoders import ReasoningEncoder
from forethought.training.world import World


class Parallel(StrEnum):
    """How the processes of a run share the work: each takes a part of every batch.

    With DDP each has all weights; with FSDP2 a part of the weights, their gradients and the
    optimizer's state.
    """

    DDP = "ddp"
    FSDP2 = "fsdp2"


@dataclass(frozen=True, slots=True, eq=False)
class Replica:
    """An encoder with all weights, which writes rationales and is saved.

    `adapter` is that of its network, or None. `refresh` brings its weights up to date with those
    that are trained.
    """

    encoder: ReasoningEncoder
    adapter: Any
    refresh: Callable[[], None]


def replica_of(encoder: ReasoningEncoder, adapter: Any, world: World) -> Replica:  # noqa: ANN401 - peft types it loosely
    """The encoder itself, or a copy of it where its weights are to be sharded."""
    if not world.shards:
        return Replica(encoder, adapter, lambda: None)
    trained: torch.nn.Module = encoder.engine.backbone.network
    copied_adapter = copy.deepcopy(adapter)
    copied = copied_adapter.get_base_model() if adapter else copy.deepcopy(trained)
    engine = replace(encoder.local, backbone=QwenVL(copied))

    def refresh() -> None:
        with torch.no_grad():
            for ours, theirs in zip(copied.parameters(), trained.parameters(), strict=True):
                ours.copy_(whole(theirs))

    return Replica(replace(encoder, engine=engine), copied_adapter, refresh)


def parallelise(module: torch.nn.Module, network: torch.nn.Module, world: World) -> torch.nn.Module:
    """Wrap the module of a step, whose `network` is trained, for all processes.

    Each text layer is a unit of sharding; the vision encoder, which may run in one process and not in
    another, is gathered with the rest once a step.
    """
    if world.size == 1:
        return module
    if not world.shards:
        return DistributedDataParallel(module)
    from torch.distributed.fsdp import fully_shard  # noqa: PLC0415 - slow

    for layer in cast("Any", network).model.language_model.layers:
        fully_shard(layer)
    fully_shard(module)  # in place, as the layers
    return module


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor that may be sharded; every process must call it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def clear_unused(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Drop the gradients of weights that no process used, so that no step is taken for them.

    Each process has zeros for them, of `TrainStep`; one process alone has none.
    """
    parameters = [parameter for parameter in parameters if parameter.grad is not None]
    if not parameters:
        return
    norms = torch.stack([cast("Tensor", parameter.grad).norm() for parameter in parameters])
    for parameter, norm in zip(parameters, whole(norms).tolist(), strict=True):
        if norm == 0:
            parameter.grad = None


def like(tensor: Tensor, value: Tensor) -> Tensor:
    """A whole value, sharded as another tensor is."""
    if not isinstance(tensor, DTensor):
        return value
    # Every process has read the value: none is sent.
    value = value.to(tensor.device)
    return distribute_tensor(value, tensor.device_mesh, tensor.placements, src_data_rank=None)
