"""Matrix products in float32 at the processor's own speed."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

FEW = 4
"""Under so many rows packing does not pay: the product waits for the weights, not for sums."""


class Packed(nn.Linear):
    """A stock linear layer whose product oneDNN computes, from weights laid out for it.

    torch hands float32 products to MKL, which leaves the wide registers of processors that
    are not Intel's unused: there this is two to three times as fast, in the same precision
    (`benchmarks/linear.py`). The layer keeps its own weights as well, and packs them anew
    where they were changed, but for changes through `.data`, which torch does not count: then
    `pack` the network again. Where a gradient is asked for, for few rows, and in any other
    precision or place it is the stock layer.
    """

    _packed: Tensor | None = None
    _of: tuple[int, int] = (0, 0)

    def forward(self, input: Float[Tensor, "*B K"]) -> Float[Tensor, "*B N"]:  # noqa: A002 - torch's name
        """Multiply."""
        rows = input.numel() // self.in_features
        if rows < FEW or torch.is_grad_enabled() or not _suits(input, self.weight):
            return F.linear(input, self.weight, self.bias)
        out: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001 - what torch.compile calls
            input, self._weight(), self.bias, "none", [], ""
        )
        return out

    def _weight(self) -> Tensor:
        # An optimiser or a merged adapter changes weights in place: then they are packed anew.
        # What was made under inference mode is never changed.
        counted = 0 if self.weight.is_inference() else self.weight._version  # noqa: SLF001 - torch has no other word
        now = (self.weight.data_ptr(), counted)
        if self._packed is None or self._of != now:
            self._packed = torch.ops.mkldnn._reorder_linear_weight(self.weight.detach(), None)  # noqa: SLF001
            self._of = now
        return self._packed

    def __getstate__(self) -> dict[str, Any]:
        # What is packed cannot be copied, and is made again where it is needed.
        return {**self.__dict__, "_packed": None}


def pack(network: nn.Module) -> None:
    """Let every stock linear layer of a network be computed so, in place."""
    for module in network.modules():
        # Not a subclass: those of quantised weights and adapters go their own ways.
        if type(module) in {nn.Linear, Packed}:
            module.__class__ = Packed
            vars(module).pop("_packed", None)


def _suits(states: Tensor, weight: Tensor) -> bool:
    return (
        states.device.type == "cpu"
        and states.dtype == weight.dtype == torch.float32
        and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        and not torch.is_autocast_enabled("cpu")
    )
