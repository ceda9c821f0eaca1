"""How many tokens a network is fed, by us or by anyone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class FedTokens:
    """What a network was fed: passes, tokens, tokens with their padding, and the most in one pass."""

    passes: int = 0
    tokens: int = 0
    padded: int = 0
    largest: int = 0

    @property
    def padding(self) -> float:
        """The share of padding."""
        return 1 - self.tokens / max(self.padded, 1)

    def count(self, _: object, __: object, fed: Mapping[str, Any]) -> None:
        """Count the inputs of one pass, as a hook before it."""
        mask = fed["attention_mask"]
        self.passes += 1
        self.tokens += int(mask.sum())
        self.padded += mask.numel()
        self.largest = max(self.largest, mask.numel())


@contextmanager
def count_tokens(network: Any) -> Iterator[FedTokens]:  # noqa: ANN401 - transformers types it loosely
    """Count what the base network of a stock network is fed inside the block."""
    fed = FedTokens()
    with network.model.register_forward_pre_hook(fed.count, with_kwargs=True):
        yield fed
