"""Matrix products in float32 at the processor's own speed."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class _Packs(nn.Module):
    """Keeps a layer's weights a second time, laid out for oneDNN.

    torch hands float32 products to MKL, which leaves the wide registers of processors that
    are not Intel's unused: there this is about twice as fast, in the same precision
    (`benchmarks/linear.py`). Weights are packed anew where they were changed, but for changes
    through `.data`, which torch does not count: then `pack` the network again.
    """

    weight: Tensor
    bias: Any
    _packed: Tensor | None = None
    _of: tuple[int, int] = (0, 0)

    def suits(self, states: Float[Tensor, "*B K"]) -> bool:
        """Whether it may be computed so: here, in this precision, with no gradient asked for."""
        return (
            states.device.type == "cpu"
            and states.dtype == self.weight.dtype == torch.float32
            and states.numel() > 0
            and not torch.is_grad_enabled()
            and not torch.is_autocast_enabled("cpu")
            and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        )

    def multiply(self, states: Float[Tensor, "*B K"]) -> Float[Tensor, "*B N"]:
        """The product with all weights of each output, and the bias."""
        # What was made under inference mode is never changed.
        counted = 0 if self.weight.is_inference() else self.weight._version  # noqa: SLF001 - torch has no other word
        now = (self.weight.data_ptr(), counted)
        if self._packed is None or self._of != now:
            flat = self.weight.detach().flatten(1)
            self._packed = torch.ops.mkldnn._reorder_linear_weight(flat, None)  # noqa: SLF001 - what torch.compile calls
            self._of = now
        out: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001 - as above
            states, self._packed, self.bias, "none", [], ""
        )
        return out

    def __getstate__(self) -> dict[str, Any]:
        # What is packed cannot be copied, and is made again where it is needed.
        return {**self.__dict__, "_packed": None}


class Packed(_Packs, nn.Linear):
    """A stock linear layer, packed."""

    def forward(self, input: Float[Tensor, "*B K"]) -> Float[Tensor, "*B N"]:  # noqa: A002 - torch's name
        """Multiply."""
        if self.suits(input):
            return self.multiply(input)
        return F.linear(input, self.weight, self.bias)


class PackedPatches(_Packs, nn.Conv3d):
    """The convolution that patches enter by, packed: each input is as large as the kernel."""

    def forward(self, input: Float[Tensor, "N C T H W"]) -> Float[Tensor, "N D t h w"]:  # noqa: A002 - torch's name
        """Multiply each patch with every kernel."""
        flat = input.flatten(1)
        whole = input.shape[2:] == self.kernel_size
        if whole and self.groups == 1 and self.padding == (0, 0, 0) and self.suits(flat):
            return self.multiply(flat)[..., None, None, None]
        return nn.Conv3d.forward(self, input)


_KINDS: dict[type[nn.Module], type[_Packs]] = {
    nn.Linear: Packed,
    Packed: Packed,
    nn.Conv3d: PackedPatches,
    PackedPatches: PackedPatches,
}


def pack(network: nn.Module) -> None:
    """Let every stock linear layer of a network be computed so, in place."""
    for module in network.modules():
        # Not a subclass: those of quantised weights and adapters go their own ways.
        kind = _KINDS.get(type(module))
        if kind:
            module.__class__ = kind
            vars(module).pop("_packed", None)
