import dataclasses

import pytest

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.cache_reuse import CacheReuse
from forethought.engines.decode_batch import DecodeBatch
from forethought.engines.decode_options import DecodeOptions

MANNER = DecodeOptions(budget=7)


@pytest.fixture
def backbone(tiny_encoder):
    return tiny_encoder.engine.backbone


@pytest.fixture
def writing(tiny_encoder, backbone):
    return DecodeBatch(
        backbone, tiny_encoder.engine.completion_format, MANNER, slots=KVCache(4, 60)
    )


def test_nothing_is_taken_where_nothing_was_put(backbone):
    assert CacheReuse().take(backbone, MANNER, rows=1, room=1) is None


@pytest.mark.parametrize(
    ("asked", "rows", "room", "does"),
    [
        (4, 4, 60, True),
        (4, 2, 31, True),
        (4, 5, 60, False),
        (4, 4, 61, False),
        # There was no memory for more than four of nine: nor will there be now.
        (9, 8, 60, True),
        (9, 10, 60, False),
    ],
)
def test_room_serves_again_if_it_is_large_enough(backbone, writing, asked, rows, room, does):
    spare = CacheReuse()
    spare.put(writing, backbone, asked=asked)
    assert spare.take(backbone, MANNER, rows=rows, room=room) is (writing if does else None)
    # Taken or let go, it is there no longer.
    assert spare.take(backbone, MANNER, rows=1, room=1) is None


def test_another_manner_needs_other_graphs(backbone, writing):
    spare = CacheReuse()
    spare.put(writing, backbone, asked=4)
    other = dataclasses.replace(MANNER, repeats=3)
    assert spare.take(backbone, other, rows=4, room=60) is None


@pytest.mark.parametrize("change", ["moved", "trains"])
def test_weights_that_lie_elsewhere_or_behave_otherwise_need_other_graphs(
    backbone, writing, change
):
    spare = CacheReuse()
    spare.put(writing, backbone, asked=4)
    network = backbone.network
    norm = network.model.language_model.norm
    before = norm.weight.data
    try:
        if change == "moved":
            norm.weight.data = before.clone()
        else:
            network.train()
        assert spare.take(QwenVL(network), MANNER, rows=4, room=60) is None
    finally:
        norm.weight.data = before
        network.eval()


def test_weights_that_are_trained_in_place_are_read_as_they_are(backbone, writing):
    spare = CacheReuse()
    spare.put(writing, backbone, asked=4)
    weight = backbone.network.model.language_model.norm.weight
    weight.data.mul_(1.0)
    assert spare.take(backbone, MANNER, rows=4, room=60) is writing


def test_one_room_is_kept_the_last(tiny_encoder, backbone, writing):
    spare = CacheReuse()
    other = DecodeBatch(
        backbone, tiny_encoder.engine.completion_format, MANNER, slots=KVCache(2, 60)
    )
    spare.put(other, backbone, asked=2)
    spare.put(writing, backbone, asked=4)
    assert spare.take(backbone, MANNER, rows=1, room=1) is writing
    assert spare.take(backbone, MANNER, rows=1, room=1) is None
