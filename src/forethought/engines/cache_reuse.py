"""Room to write in that was put by, with what was captured for it."""

from collections import deque

import torch

from forethought.backbones import QwenVL
from forethought.engines.decode_batch import DecodeBatch
from forethought.engines.decode_options import DecodeOptions


class CacheReuse:
    """Keeps one room between runs: capturing takes longer than many steps.

    It serves again as long as it is large enough and the weights lie where they lay; what was
    captured would otherwise read what is no longer there.
    """

    def __init__(self) -> None:
        # Taken and put in one step each, whatever threads there are.
        self._kept: deque[tuple[DecodeBatch, int, tuple[int, ...]]] = deque(maxlen=1)

    def put(self, writing: DecodeBatch, backbone: QwenVL, *, asked: int) -> None:
        """Keep room that nobody writes in, which was made when so many rows were asked for."""
        self._kept.append((writing, asked, _whereabouts(backbone)))

    def forget(self) -> None:
        """Let go of what was put by."""
        self._kept.clear()

    def take(
        self, backbone: QwenVL, decode_options: DecodeOptions, *, rows: int, room: int
    ) -> DecodeBatch | None:
        """What was put by, if it will do; else it is let go.

        There may be fewer rows than were asked for, if there was no memory for more.
        """
        try:
            writing, asked, lay = self._kept.pop()
        except IndexError:
            return None
        large = asked >= rows and writing.room >= room
        same = writing.decode_options == decode_options and lay == _whereabouts(backbone)
        return writing if large and same else None


def _whereabouts(backbone: QwenVL) -> tuple[int, ...]:
    network: torch.nn.Module = backbone.network
    return (network.training, *(parameter.data_ptr() for parameter in network.parameters()))
