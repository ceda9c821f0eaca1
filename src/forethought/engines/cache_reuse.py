"""The KV cache and CUDA graphs of the last run, reused when they fit."""

from collections import deque

import torch

from forethought.backbones import QwenVL
from forethought.engines.decode_batch import DecodeBatch
from forethought.engines.decode_options import DecodeOptions


class CacheReuse:
    """Stores one decode batch between runs: capturing its graphs takes longer than many steps.

    It is reused if it is large enough and the weights are at the same addresses, which the
    graphs read.
    """

    def __init__(self) -> None:
        # Its append and pop are atomic, so threads need no lock.
        self._stored: deque[tuple[DecodeBatch, int, tuple[int, ...]]] = deque(maxlen=1)

    def put(self, batch: DecodeBatch, backbone: QwenVL, *, requested: int) -> None:
        """Store a batch without active rows, made when `requested` rows were requested."""
        self._stored.append((batch, requested, _weight_addresses(backbone)))

    def clear(self) -> None:
        """Free the stored batch."""
        self._stored.clear()

    def take(
        self, backbone: QwenVL, options: DecodeOptions, *, rows: int, length: int
    ) -> DecodeBatch | None:
        """Return the stored batch if it serves `rows` rows of `length` tokens, else free it.

        It may have fewer rows, if there was no memory for more.
        """
        try:
            batch, requested, addresses = self._stored.pop()
        except IndexError:
            return None
        is_large = requested >= rows and batch.max_length >= length
        is_same = batch.options == options and addresses == _weight_addresses(backbone)
        return batch if is_large and is_same else None


def _weight_addresses(backbone: QwenVL) -> tuple[int, ...]:
    network: torch.nn.Module = backbone.text_network
    return (network.training, *(parameter.data_ptr() for parameter in network.parameters()))
