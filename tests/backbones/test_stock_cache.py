import warnings
from typing import Any

import pytest
import torch

from forethought.backbones import PrefillCache, QwenVL, collate
from forethought.backbones.stock_cache import cache_argument, stock_cache
from tests.backbones.networks import network_of
from tests.published import NETWORKS


class Older(torch.nn.Module):
    def forward(self, input_ids, past_key_values=None):
        """Takes the cache as transformers before 5.24 does."""


class Newer(torch.nn.Module):
    def forward(self, input_ids, cache=None):
        """Takes the cache as transformers since 5.24 does."""


def test_the_cache_is_passed_by_the_name_that_the_network_has():
    assert cache_argument(Older()) == "past_key_values"
    assert cache_argument(Newer()) == "cache"


@pytest.mark.parametrize("architecture", NETWORKS)
@torch.no_grad()
def test_a_prefill_fills_the_cache_without_a_warning(architecture, capfd):
    backbone = QwenVL(network_of(architecture))
    batch = collate([(11, 4, 23)], [[]], side="right", placeholders=backbone.placeholders, pad_id=0)
    cache = PrefillCache()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backbone.hidden_states(batch, cache=cache)
    assert [keys.shape for keys, _ in cache.layers] == [(1, 2, 3, 16)] * 2
    assert capfd.readouterr().err == ""


def test_a_second_pass_is_refused():
    layer: Any = stock_cache(1).layers[0]
    keys = torch.zeros(1, 2, 3, 4)
    layer.update(keys, keys)
    with pytest.raises(ValueError, match="takes one pass; copy it into a KVCache"):
        layer.update(keys, keys)
