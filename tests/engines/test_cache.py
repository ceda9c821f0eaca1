import torch
from transformers import DynamicCache

from forethought.engines.cache import STRIDE, Slots


def read_cache(rows, length, *, seed):
    """Two layers, three heads, keys of five numbers."""
    generator = torch.Generator().manual_seed(seed)
    cache = DynamicCache()
    for layer in range(2):
        shape = (rows, 3, length, 5)
        keys, values = (torch.randn(shape, generator=generator) for _ in range(2))
        cache.update(keys, values, layer)
    return cache


def new_token(rows, value):
    return torch.full((rows, 3, 1, 5), value)


def test_each_row_goes_on_at_its_own_end():
    cache = read_cache(2, 7, seed=1)
    slots = Slots(4)
    slots.enter(cache, [1, 0], [7, 4])
    slots.begin()
    keys, values = slots.update(new_token(2, 0.5), new_token(2, 0.25), 0)
    assert keys.shape == values.shape == (2, 3, 8, 5)
    torch.testing.assert_close(keys[0, :, :7], cache.layers[0].keys[1])
    torch.testing.assert_close(keys[1, :, :4], cache.layers[0].keys[0][:, :4])
    assert (keys[0, :, 7] == 0.5).all()
    assert (keys[1, :, 4] == 0.5).all()
    assert (values[1, :, 4] == 0.25).all()


def test_a_row_looks_at_its_own_tokens_and_the_new_one_alone():
    slots = Slots(2)
    slots.enter(read_cache(2, 6, seed=2), [0, 1], [6, 3])
    slots.begin()
    mask = slots.mask(torch.float32)
    assert mask.shape == (2, 1, 1, 7)
    assert (mask[0] == 0).all()
    assert (mask[1, 0, 0, :4] == 0).all()
    assert (mask[1, 0, 0, 4:] == torch.finfo(torch.float32).min).all()


def test_the_last_row_takes_the_place_of_one_that_leaves():
    cache = read_cache(3, 5, seed=3)
    slots = Slots(3)
    slots.enter(cache, [0, 1, 2], [5, 4, 3])
    slots.leave(0)
    assert slots.lengths == [3, 4]
    slots.begin()
    keys, _ = slots.update(new_token(2, 1.0), new_token(2, 1.0), 1)
    torch.testing.assert_close(keys[0, :, :3], cache.layers[1].keys[2][:, :3])
    torch.testing.assert_close(keys[1, :, :4], cache.layers[1].keys[1][:, :4])


def test_rows_that_come_later_and_grow_past_the_room_lose_nothing():
    first, second = read_cache(1, 9, seed=4), read_cache(2, STRIDE, seed=5)
    slots = Slots(1)
    slots.enter(first, [0], [9])
    slots.enter(second, [1], [STRIDE])
    keys = torch.empty(0)
    for _ in range(3):
        slots.begin()
        slots.update(new_token(2, 2.0), new_token(2, 2.0), 0)
        keys = slots.update(new_token(2, 2.0), new_token(2, 2.0), 1)[0]
    torch.testing.assert_close(keys[0, :, :9], first.layers[1].keys[0])
    torch.testing.assert_close(keys[1, :, :STRIDE], second.layers[1].keys[1])
    assert slots.get_seq_length() == STRIDE + 3
    assert slots.count == 2
