import dataclasses

import pytest

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.cache_reuse import CacheReuse
from forethought.engines.decode_batch import DecodeBatch
from forethought.engines.decode_options import DecodeOptions

OPTIONS = DecodeOptions(budget=7)


@pytest.fixture
def backbone(tiny_encoder):
    return tiny_encoder.engine.backbone


@pytest.fixture
def batch(tiny_encoder, backbone):
    return DecodeBatch(
        backbone, tiny_encoder.engine.completion_format, OPTIONS, cache=KVCache(4, 60)
    )


def test_an_empty_store_gives_nothing(backbone):
    assert CacheReuse().take(backbone, OPTIONS, rows=1, length=1) is None


@pytest.mark.parametrize(
    ("requested", "rows", "length", "fits"),
    [
        (4, 4, 60, True),
        (4, 2, 31, True),
        (4, 5, 60, False),
        (4, 4, 61, False),
        # Nine were requested and memory held four: it would hold no more now.
        (9, 8, 60, True),
        (9, 10, 60, False),
    ],
)
def test_a_batch_is_reused_if_it_is_large_enough(backbone, batch, requested, rows, length, fits):
    reuse = CacheReuse()
    reuse.put(batch, backbone, requested=requested)
    assert reuse.take(backbone, OPTIONS, rows=rows, length=length) is (batch if fits else None)
    # Taken or freed, it is no longer stored.
    assert reuse.take(backbone, OPTIONS, rows=1, length=1) is None


def test_other_options_need_other_graphs(backbone, batch):
    reuse = CacheReuse()
    reuse.put(batch, backbone, requested=4)
    other = dataclasses.replace(OPTIONS, repeats=3)
    assert reuse.take(backbone, other, rows=4, length=60) is None


@pytest.mark.parametrize("change", ["moved", "training"])
def test_moved_weights_or_training_mode_need_other_graphs(backbone, batch, change):
    reuse = CacheReuse()
    reuse.put(batch, backbone, requested=4)
    network = backbone.network
    norm = network.model.language_model.norm
    before = norm.weight.data
    try:
        if change == "moved":
            norm.weight.data = before.clone()
        else:
            network.train()
        assert reuse.take(QwenVL(network), OPTIONS, rows=4, length=60) is None
    finally:
        norm.weight.data = before
        network.eval()


def test_weights_changed_in_place_keep_the_graphs_valid(backbone, batch):
    reuse = CacheReuse()
    reuse.put(batch, backbone, requested=4)
    weight = backbone.network.model.language_model.norm.weight
    weight.data.mul_(1.0)
    assert reuse.take(backbone, OPTIONS, rows=4, length=60) is batch


def test_only_the_last_batch_is_stored(tiny_encoder, backbone, batch):
    reuse = CacheReuse()
    other = DecodeBatch(
        backbone, tiny_encoder.engine.completion_format, OPTIONS, cache=KVCache(2, 60)
    )
    reuse.put(other, backbone, requested=2)
    reuse.put(batch, backbone, requested=4)
    assert reuse.take(backbone, OPTIONS, rows=1, length=1) is batch
    assert reuse.take(backbone, OPTIONS, rows=1, length=1) is None
