"""Where the network trains under bfloat16 autocast."""

import torch

_NATIVE_BF16 = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
"""torch's private questions to the processor; torch 2.11 to 2.13 have both."""


def trains_in_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is fast on a device: on a GPU, and on a CPU with instructions for it.

    Without them torch emulates it: a training step took 14 times as long as in float32 (a CPU
    with AVX2).
    """
    if device.type != "cpu":
        return True
    asks = [getattr(torch.cpu, name, None) for name in _NATIVE_BF16]
    return any(ask() for ask in asks if ask is not None)
