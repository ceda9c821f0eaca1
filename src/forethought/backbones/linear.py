"""Float32 matrix products on a CPU through oneDNN, with packed weights."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class _Packs(nn.Module):
    """Keeps a second copy of a layer's weights in oneDNN's layout.

    torch hands float32 products to MKL, which leaves the wide registers of non-Intel processors
    unused; there this is about twice as fast, in the same precision (`benchmarks/linear.py`).
    Weights are packed again after a change, except for changes through `.data`, which torch does
    not count: call `pack` on the network again after those.
    """

    weight: Tensor
    bias: Any
    _packed: Tensor | None = None
    _packed_version: tuple[int, int] = (0, 0)

    def can_pack(self, states: Float[Tensor, "*B K"]) -> bool:
        """Whether oneDNN computes this product: float32 on a CPU, without gradients."""
        return (
            states.device.type == "cpu"
            and states.dtype == self.weight.dtype == torch.float32
            and states.numel() > 0
            and not torch.is_grad_enabled()
            and not torch.is_autocast_enabled("cpu")
            and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        )

    def multiply(self, states: Float[Tensor, "*B K"]) -> Float[Tensor, "*B N"]:
        """The product with the packed weights, plus the bias."""
        # A tensor made under inference mode has no version counter and does not change.
        version = 0 if self.weight.is_inference() else self.weight._version  # noqa: SLF001 - torch has no public name
        current = (self.weight.data_ptr(), version)
        if self._packed is None or self._packed_version != current:
            flat = self.weight.detach().flatten(1)
            self._packed = torch.ops.mkldnn._reorder_linear_weight(flat, None)  # noqa: SLF001 - what torch.compile calls
            self._packed_version = current
        out: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001 - as above
            states, self._packed, self.bias, "none", [], ""
        )
        return out

    def __getstate__(self) -> dict[str, Any]:
        # Packed weights cannot be copied or pickled; the copy packs its own.
        return {**self.__dict__, "_packed": None}


class Packed(_Packs, nn.Linear):
    """A stock linear layer with packed weights."""

    def forward(self, input: Float[Tensor, "*B K"]) -> Float[Tensor, "*B N"]:  # noqa: A002 - torch's name
        """Multiply by oneDNN where it can."""
        if self.can_pack(input):
            return self.multiply(input)
        return F.linear(input, self.weight, self.bias)


class PackedPatches(_Packs, nn.Conv3d):
    """The patch embedding with packed weights: a convolution over inputs of the kernel's size."""

    def forward(self, input: Float[Tensor, "N C T H W"]) -> Float[Tensor, "N D t h w"]:  # noqa: A002 - torch's name
        """Multiply each patch with every kernel."""
        flat = input.flatten(1)
        is_product = input.shape[2:] == self.kernel_size and self.padding == (0, 0, 0)
        if is_product and self.groups == 1 and self.can_pack(flat):
            return self.multiply(flat)[..., None, None, None]
        return nn.Conv3d.forward(self, input)


_PACKED_CLASSES: dict[type[nn.Module], type[_Packs]] = {
    nn.Linear: Packed,
    Packed: Packed,
    nn.Conv3d: PackedPatches,
    PackedPatches: PackedPatches,
}


def pack(network: nn.Module) -> None:
    """Replace the class of every stock linear layer and patch embedding, in place."""
    for module in network.modules():
        # Not subclasses: quantised weights and adapters have their own forward.
        packed_class = _PACKED_CLASSES.get(type(module))
        if packed_class:
            module.__class__ = packed_class
            vars(module).pop("_packed", None)
