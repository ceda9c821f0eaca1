import pytest
import torch
import torch.nn.functional as F
from transformers import DynamicCache

from forethought.engines.cache import STRIDE, KVCache

LOWEST = torch.finfo(torch.float32).min


def read_cache(rows, length, *, seed):
    """Two layers, three heads, keys of five numbers."""
    generator = torch.Generator().manual_seed(seed)
    cache = DynamicCache()
    for layer in range(2):
        shape = (rows, 3, length, 5)
        keys, values = (torch.randn(shape, generator=generator) for _ in range(2))
        cache.update(keys, values, layer)
    return cache


def entered(cache, rows, *, first=0, width, slots=None):
    slots = slots or KVCache(4, room=30)
    slots.enter(cache, rows, first=first, width=width)
    return slots


def new_tokens(rows, *values):
    """One value a token, the same for every head."""
    return torch.tensor(values)[None, :, None, None].expand(rows, -1, 3, 5)


def passed(slots, lengths, *values, width, layer=0):
    """What one pass finds that writes `values`, and their negatives as values, in every row."""
    slots.reach(width)
    window = slots.window(torch.tensor(lengths), count=len(values), width=width)
    new = new_tokens(len(lengths), *values)
    return window.update(layer, new, -new)


def test_each_row_goes_on_at_its_own_end():
    cache = read_cache(2, 7, seed=1)
    slots = entered(cache, [1, 0], width=7)
    for layer in range(2):
        keys, values = passed(slots, [7, 4], 0.5, width=8, layer=layer)
        read = cache.layers[layer]
        assert keys.shape == values.shape == (2, 3, 8, 5)
        torch.testing.assert_close(keys[0, :, :7], read.keys[1])
        torch.testing.assert_close(values[0, :, :7], read.values[1])
        torch.testing.assert_close(keys[1, :, :4], read.keys[0][:, :4])
        torch.testing.assert_close(values[1, :, :4], read.values[0][:, :4])
        assert (keys[0, :, 7] == 0.5).all()
        assert (keys[1, :, 4] == 0.5).all()
        assert (values[1, :, 4] == -0.5).all()


def test_several_new_tokens_stand_one_behind_the_other():
    slots = entered(read_cache(2, 6, seed=2), [0, 1], width=6)
    keys, values = passed(slots, [6, 2], 1.0, 2.0, 3.0, width=9)
    for row, end in ((0, 6), (1, 2)):
        assert keys[row, 1, end : end + 3, 4].tolist() == [1.0, 2.0, 3.0]
        assert values[row, 2, end : end + 3, 0].tolist() == [-1.0, -2.0, -3.0]
    # A pass after it that goes on behind the first of them writes over the others.
    keys, _ = passed(slots, [7, 3], 8.0, width=9)
    assert keys[0, 0, 6:9, 0].tolist() == [1.0, 8.0, 3.0]
    assert keys[1, 0, 2:5, 0].tolist() == [1.0, 8.0, 3.0]


def test_a_token_looks_at_its_row_up_to_itself_and_no_further():
    slots = entered(read_cache(2, 6, seed=3), [0, 1], width=6)
    window = slots.window(torch.tensor([6, 3]), count=2, width=9)
    mask = window.mask(torch.float32)
    assert mask.shape == (2, 1, 2, 9)
    for row, token, seen in ((0, 0, 7), (0, 1, 8), (1, 0, 4), (1, 1, 5)):
        assert mask[row, 0, token].tolist() == [0.0] * seen + [LOWEST] * (9 - seen)
    assert (
        slots.window(torch.tensor([6, 3]), count=2, width=9).mask(torch.bfloat16).isfinite().all()
    )


def test_a_pass_over_the_first_rows_leaves_the_others_as_they_are():
    cache = read_cache(3, 5, seed=4)
    slots = entered(cache, [0, 1, 2], width=5)
    passed(slots, [5, 5], 9.0, width=6)
    keys, _ = passed(slots, [6, 6, 5], 7.0, width=7)
    torch.testing.assert_close(keys[2, :, :5], cache.layers[0].keys[2])
    assert keys[:, 0, 5:, 0].tolist() == [[9.0, 7.0], [9.0, 7.0], [7.0, 0.0]]


def test_the_last_row_takes_the_place_of_one_that_leaves():
    cache = read_cache(3, 5, seed=5)
    slots = entered(cache, [0, 1, 2], width=5)
    slots.move([(2, 0)], width=5)
    for layer in range(2):
        keys, values = passed(slots, [3, 4], 1.0, width=5, layer=layer)
        for found, read in ((keys, cache.layers[layer].keys), (values, cache.layers[layer].values)):
            torch.testing.assert_close(found[0, :, :3], read[2][:, :3])
            torch.testing.assert_close(found[1, :, :4], read[1][:, :4])


def test_rows_that_come_later_and_are_longer_disturb_nobody():
    first, second = read_cache(1, 9, seed=6), read_cache(2, STRIDE + 5, seed=7)
    slots = entered(first, [0], width=9, slots=KVCache(3, room=2 * STRIDE))
    passed(slots, [9], 2.0, width=10, layer=1)
    entered(second, [1, 1], first=1, width=STRIDE + 5, slots=slots)
    keys, _ = passed(slots, [10, STRIDE + 5, STRIDE + 5], 3.0, width=STRIDE + 6, layer=1)
    torch.testing.assert_close(keys[0, :, :9], first.layers[1].keys[0])
    assert keys[0, 0, 9:11, 0].tolist() == [2.0, 3.0]
    for row in (1, 2):
        torch.testing.assert_close(keys[row, :, : STRIDE + 5], second.layers[1].keys[1])
        assert keys[row, 0, STRIDE + 5, 0] == 3.0


def test_what_memory_held_before_is_never_seen():
    slots = entered(read_cache(1, 3, seed=8), [0], width=3, slots=KVCache(2, room=3 * STRIDE))
    reached = slots.reached
    assert 3 <= reached < 3 * STRIDE
    for store in slots._layers:  # noqa: SLF001 - what was there is nobody's to choose
        store[:, :, :, reached:] = torch.nan
    for width in (reached - 1, reached, reached + 2, 3 * STRIDE):
        keys, values = passed(slots, [width - 1, 4], 1.0, width=width)
        assert keys.shape[2] == width
        mask = slots.window(torch.tensor([width - 1, 4]), count=1, width=width).mask(torch.float32)
        found = F.scaled_dot_product_attention(torch.ones(2, 3, 1, 5), keys, values, attn_mask=mask)
        assert found.isfinite().all()


def test_what_was_reached_once_is_not_cleared_again():
    slots = entered(read_cache(1, 3, seed=9), [0], width=3, slots=KVCache(1, room=2 * STRIDE))
    passed(slots, [STRIDE + 4], 6.0, width=STRIDE + 5)
    slots.reach(4)
    slots.reach(2 * STRIDE)
    keys, _ = passed(slots, [STRIDE + 5], 7.0, width=STRIDE + 6)
    assert keys[0, 0, STRIDE + 4 :, 0].tolist() == [6.0, 7.0]


@pytest.mark.parametrize(
    ("precision", "dtype", "kept"),
    [(None, torch.float32, 1 / 3), ("bfloat16", torch.bfloat16, 0.333984375)],
)
def test_keys_are_kept_and_given_in_the_slots_precision(precision, dtype, kept):
    # A third in eight bits of mantissa is 171 / 512.
    slots = KVCache(1, room=9, precision=precision)
    slots = entered(read_cache(1, 3, seed=10), [0], width=3, slots=slots)
    slots.reach(4)
    new = new_tokens(1, 1 / 3)
    for given in (new, new.double()):
        keys, values = slots.window(torch.tensor([3]), count=1, width=4).update(0, given, given)
        assert keys.dtype is values.dtype is dtype
        assert keys[0, 0, 3, 0].item() == pytest.approx(kept, abs=1e-7)


def test_a_prefill_without_a_cache_cannot_be_gone_on_from():
    with pytest.raises(ValueError, match="kept no cache: read with keep_cache=True to go on"):
        KVCache(1, room=9).enter(None, [0], first=0, width=3)
