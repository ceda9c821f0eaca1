"""Text through our own layers, against the stock network."""

from typing import Any

import pytest
import torch
from transformers import DynamicCache

from forethought.backbones import (
    LoadOptions,
    PrefillCache,
    collate,
    load_checkpoint,
    save_checkpoint,
)
from forethought.backbones.stock_cache import cache_argument
from forethought.backbones.text_network import TextNetwork
from tests.backbones.networks import network_of
from tests.published import NETWORKS

SEQUENCES = [(11, 4, 23, 7, 7, 30), (9, 2), (5, 17, 8, 31), (13,)]


@pytest.fixture(scope="module", params=list(NETWORKS))
def stock(request):
    return network_of(request.param)


@pytest.fixture(params=[True, False], ids=["packed", "plain"])
def backbone(request, stock, tmp_path):
    save_checkpoint(stock, tmp_path, dtype=torch.float32)
    loaded = load_checkpoint(tmp_path, LoadOptions(packed=request.param))
    assert isinstance(loaded.text_network, TextNetwork)
    return loaded


def batch_of(backbone, side, sequences=SEQUENCES):
    return collate(
        sequences,
        [[]] * len(sequences),
        side=side,
        placeholders=backbone.placeholders,
        pad_id=0,
    )


@torch.no_grad()
def alone(stock, row):
    """Hidden states, keys and values of one sequence, by the stock network."""
    ids = torch.tensor([SEQUENCES[row]])
    cache: Any = DynamicCache(config=stock.config.text_config)
    arguments = {cache_argument(stock.model): cache}
    states = stock.model(
        input_ids=ids, attention_mask=torch.ones_like(ids), **arguments
    ).last_hidden_state[0]
    return states, [(layer.keys[0], layer.values[0]) for layer in cache.layers]


@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_a_ragged_batch_has_the_states_of_the_stock_network(backbone, stock, side):
    batch = batch_of(backbone, side)
    together = backbone.hidden_states(batch)
    for row in range(len(SEQUENCES)):
        states, _ = alone(stock, row)
        found = together[row][batch.mask[row].bool()]
        torch.testing.assert_close(found, states, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_keys_and_values_are_those_of_the_stock_network(backbone, stock):
    cache = PrefillCache()
    backbone.hidden_states(batch_of(backbone, "right"), cache=cache)
    for row, sequence in enumerate(SEQUENCES):
        _, expected = alone(stock, row)
        for found, layer in zip(cache.layers, expected, strict=True):
            for ours, theirs in zip(found, layer, strict=True):
                torch.testing.assert_close(
                    ours[row, :, : len(sequence)], theirs, atol=1e-5, rtol=1e-4
                )


@torch.no_grad()
def test_keeping_the_keys_changes_no_state(backbone):
    batch = batch_of(backbone, "right")
    stored = backbone.hidden_states(batch, cache=PrefillCache())
    assert torch.equal(stored, backbone.hidden_states(batch))


@torch.no_grad()
def test_logits_are_those_of_the_stock_network(backbone, stock):
    hidden = torch.randn(3, 64, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(backbone.logits(hidden), stock.lm_head(hidden), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_text_has_the_same_states_once_the_stock_network_is_loaded(backbone):
    batch = batch_of(backbone, "right")
    before = backbone.hidden_states(batch)
    assert not isinstance(backbone.network, TextNetwork)
    assert backbone.text_network is backbone.network
    torch.testing.assert_close(backbone.hidden_states(batch), before, atol=1e-6, rtol=1e-6)


def test_sizes_are_those_of_the_stock_network(backbone):
    names = (
        *("device", "devices", "dtype", "hidden_size", "vocab_size", "context_length"),
        *("num_layers", "kv_numel", "has_lm_head", "placeholders"),
    )
    before = {name: getattr(backbone, name) for name in names}
    _ = backbone.network
    assert {name: getattr(backbone, name) for name in names} == before
