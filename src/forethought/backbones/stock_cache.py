"""The cache that a stock network fills in a prefill; imported with transformers alone."""

import inspect

from torch import Tensor, nn
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class _PrefillLayer(DynamicLayer):
    """Stores the keys and values of one pass without the copy that the stock layer makes."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: object, **__: object
    ) -> tuple[Tensor, Tensor]:
        """Store the keys and values of the one pass."""
        if self.is_initialized:
            raise ValueError("a prefill's cache takes one pass; copy it into a KVCache to decode")
        self.lazy_initialization(key_states, value_states)  # type: ignore[no-untyped-call]
        self.keys, self.values = key_states, value_states
        return key_states, value_states


def stock_cache(num_layers: int) -> DynamicCache:
    """An empty cache for one prefill."""
    cache = DynamicCache()
    cache.layers = [_PrefillLayer() for _ in range(num_layers)]  # type: ignore[no-untyped-call]
    return cache


def cache_argument(model: nn.Module) -> str:
    """The argument of a stock network that takes the cache: renamed in transformers 5.24."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"
