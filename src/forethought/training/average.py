"""An exponential moving average of the weights of a run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.errors import CheckpointError


@dataclass(frozen=True, slots=True, eq=False)
class WeightAverage:
    """Averages the parameters that are trained, in float32, without warm-up.

    It starts as the weights that the network has, and becomes decay x average + (1 - decay) x
    weights with every `update` (Polyak and Juditsky 1992, with exponential weights). At `decay` d
    the last 1 / (1 - d) steps have 63 % of the weight.

    Raises:
        ValueError: if `decay` is not in [0, 1).
    """

    network: torch.nn.Module
    decay: float
    _averages: dict[str, Float[Tensor, "..."]] = field(init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1:
            raise ValueError(f"decay must be at least 0 and below 1, got {self.decay}")
        # In float32: bfloat16 has no digits for a thousandth of a step.
        averages = {name: value.detach().float().clone() for name, value in self._trained()}
        object.__setattr__(self, "_averages", averages)

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are after an optimizer step.

        Raises:
            ValueError: if other parameters are trained than at the start.
        """
        trained = dict(self._trained())
        if trained.keys() != self._averages.keys():
            changed = min(trained.keys() ^ self._averages.keys())
            raise ValueError(
                f"{changed} is trained now and was not when the average was made, or the reverse; "
                "make one average for each set of trained parameters"
            )
        for name, value in trained.items():
            self._averages[name].lerp_(value.float(), 1 - self.decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averages in place of the weights while the block runs; not for training.

        They are copied, so that what holds on to a parameter's memory reads them too; the weights
        are stored meanwhile, which takes their size in memory once more.
        """
        parameters = self._parameters()
        stored = {name: value.detach().clone() for name, value in parameters.items()}
        try:
            _copy(self._averages, parameters)
            yield
        finally:
            _copy(stored, parameters)

    def state_dict(self) -> dict[str, Float[Tensor, "..."]]:
        """The averages by the names of their parameters, for a checkpoint; not copied."""
        return dict(self._averages)

    def load_state_dict(self, state: Mapping[str, Float[Tensor, "..."]]) -> None:
        """Resume from the averages of a checkpoint.

        Raises:
            CheckpointError: if they are those of other parameters.
        """
        shapes, expected = (
            {name: tuple(value.shape) for name, value in values.items()}
            for values in (state, self._averages)
        )
        if shapes != expected:
            name = min(name for name, _ in shapes.items() ^ expected.items())
            raise CheckpointError(
                f"the average of {name} has shape {shapes.get(name)} in the checkpoint and "
                f"{expected.get(name)} in the network; start over with --fresh"
            )
        _copy(state, self._averages)

    def _trained(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        return (
            (name, value) for name, value in self.network.named_parameters() if value.requires_grad
        )

    def _parameters(self) -> dict[str, torch.nn.Parameter]:
        """The averaged parameters, whether they are trained now or not."""
        every = dict(self.network.named_parameters())
        return {name: every[name] for name in self._averages}


@torch.no_grad()
def _copy(values: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> None:
    for name, target in targets.items():
        target.copy_(values[name])
