"""How much memory a run takes on a device, estimated from its sizes before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from forethought.training.activation_memory import network_sizes
from forethought.training.parallel import Parallel
from forethought.training.pass_size import MemorySettings
from forethought.training.stage_load import StageLoad

_FULL, _HALF = 4, 2
"""Bytes of a number in float32, which weights are trained in, and in bfloat16."""


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes on the device of one process.

    `weights` and their `gradients` are float32, as are both moments of AdamW. `copies` are a
    replica of sharded weights, their average over the steps, and the layers that are gathered.
    `buckets` are gradients on their way between processes. `converted` are the weights in bfloat16,
    which autograd stores under autocast. `activations` are those of the largest step, `cache` the
    keys and values of rollouts. No step needs both at once.
    """

    weights: int
    gradients: int
    moments: int
    copies: int
    buckets: int
    converted: int
    activations: int
    cache: int

    @property
    def fixed(self) -> int:
        """What every step needs, however small."""
        return self.weights + self.gradients + self.moments + self.copies + self.buckets

    @property
    def total(self) -> int:
        """The most at one time: passes with gradient, or rollouts."""
        return self.fixed + max(self.converted + self.activations, self.cache)

    @property
    def parts(self) -> Mapping[str, int]:
        """The bytes of each part that takes any."""
        named = {field.name: int(getattr(self, field.name)) for field in fields(self)}
        return {name: size for name, size in named.items() if size}


@dataclass(frozen=True, slots=True)
class WeightCounts:
    """How many numbers a network has: in all, trained, in matrices, and in one text layer.

    Those of a frozen vision encoder, which are buffers, are among all. `layers` are those of all text layers.
    """

    all: int
    trained: int
    matrices: int
    layers: int
    layer: int

    @property
    def frozen(self) -> int:
        """Those that are not trained."""
        return self.all - self.trained


def count_weights(network: Any) -> WeightCounts:  # noqa: ANN401 - transformers types it loosely
    """Count the weights of a network, which may be on the meta device."""
    parameters = list(network.parameters())
    layers = [sum(p.numel() for p in layer.parameters()) for layer in _text_layers(network)]
    saved = network.state_dict().keys()
    frozen = [buffer for name, buffer in network.named_buffers() if name in saved]
    return WeightCounts(
        all=sum(tensor.numel() for tensor in [*parameters, *frozen]),
        trained=sum(p.numel() for p in parameters if p.requires_grad),
        matrices=sum(p.numel() for p in parameters if p.ndim > 1),
        layers=sum(layers),
        layer=max(layers),
    )


def _text_layers(network: Any) -> Any:  # noqa: ANN401
    return network.model.language_model.layers


def estimate_memory(
    network: Any,  # noqa: ANN401
    loads: Sequence[StageLoad],
    memory: MemorySettings,
    *,
    parallel: Parallel,
    processes: int,
    bf16: bool,
    averaged: bool,
) -> MemoryEstimate:
    """Estimate the memory of a process from a network, which may be on the meta device.

    With DDP each process has everything, and its gradients once more in buckets. With FSDP2 it has
    a part of weights, gradients and moments, all weights once more as a replica, those outside
    the text layers whole with their gradients, and two text layers with theirs while they run.

    Args:
        loads: what each stage feeds to this process.
        averaged: whether the average of the trained weights over the steps is formed.
    """
    counts = count_weights(network)
    shards = parallel is Parallel.FSDP2 and processes > 1
    share = processes if shards else 1
    outside = counts.all - counts.layers
    gathered = 2 * (outside + 2 * counts.layer) if shards else 0
    replica = counts.all if shards else 0
    average = counts.trained // share if averaged else 0
    sizes = network_sizes(network)
    return MemoryEstimate(
        weights=_FULL * counts.all // share,
        gradients=_FULL * counts.trained // share,
        moments=2 * _FULL * counts.trained // share,
        copies=_FULL * (replica + average + gathered),
        buckets=0 if shards or processes == 1 else _FULL * counts.trained,
        converted=_HALF * counts.matrices if bf16 else 0,
        activations=max(
            (load.activation_bytes(sizes, memory, bf16=bf16) for load in loads), default=0
        ),
        cache=max((load.cache_tokens for load in loads), default=0) * _token_bytes(network),
    )


def _token_bytes(network: Any) -> int:  # noqa: ANN401
    """The keys and values of one token, which rollouts store in the weights' float32."""
    sizes = network_sizes(network)
    return 2 * sizes.layers * sizes.key_value_heads * sizes.head_size * _FULL
