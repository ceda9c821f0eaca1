import pytest
import torch
import torch.nn.functional as F

from forethought.backbones import PrefillCache
from forethought.engines.cache import CHUNK, KVCache

LOWEST = torch.finfo(torch.float32).min


def prefilled(rows, length, *, seed):
    """Two layers, three heads, keys of five numbers."""
    generator = torch.Generator().manual_seed(seed)
    prefill = PrefillCache()
    for _ in range(2):
        shape = (rows, 3, length, 5)
        keys, values = (torch.randn(shape, generator=generator) for _ in range(2))
        prefill.layers.append((keys, values))
    return prefill


def inserted(prefill, rows, *, first=0, width, cache=None):
    cache = cache or KVCache(4, max_length=30)
    cache.insert(prefill, rows, first=first, width=width)
    return cache


def new_tokens(rows, *numbers):
    """One number a token, the same for every head."""
    return torch.tensor(numbers)[None, :, None, None].expand(rows, -1, 3, 5)


def updated(cache, lengths, *numbers, width, layer=0):
    """The keys and values of a pass whose new keys are `numbers`, in every row, and values -`numbers`."""
    cache.initialize(width)
    view = cache.view(torch.tensor(lengths), count=len(numbers), width=width)
    new = new_tokens(len(lengths), *numbers)
    return view.update(layer, new, -new)


def test_each_row_continues_at_its_end():
    prefill = prefilled(2, 7, seed=1)
    cache = inserted(prefill, [1, 0], width=7)
    for layer in range(2):
        keys, values = updated(cache, [7, 4], 0.5, width=8, layer=layer)
        read_keys, read_values = prefill.layers[layer]
        assert keys.shape == values.shape == (2, 3, 8, 5)
        torch.testing.assert_close(keys[0, :, :7], read_keys[1])
        torch.testing.assert_close(values[0, :, :7], read_values[1])
        torch.testing.assert_close(keys[1, :, :4], read_keys[0][:, :4])
        torch.testing.assert_close(values[1, :, :4], read_values[0][:, :4])
        assert (keys[0, :, 7] == 0.5).all()
        assert (keys[1, :, 4] == 0.5).all()
        assert (values[1, :, 4] == -0.5).all()


def test_several_new_tokens_are_stored_in_order():
    cache = inserted(prefilled(2, 6, seed=2), [0, 1], width=6)
    keys, values = updated(cache, [6, 2], 1.0, 2.0, 3.0, width=9)
    for row, end in ((0, 6), (1, 2)):
        assert keys[row, 1, end : end + 3, 4].tolist() == [1.0, 2.0, 3.0]
        assert values[row, 2, end : end + 3, 0].tolist() == [-1.0, -2.0, -3.0]
    # The next pass continues behind the first of them and overwrites the others.
    keys, _ = updated(cache, [7, 3], 8.0, width=9)
    assert keys[0, 0, 6:9, 0].tolist() == [1.0, 8.0, 3.0]
    assert keys[1, 0, 2:5, 0].tolist() == [1.0, 8.0, 3.0]


def test_a_token_attends_to_its_row_up_to_itself():
    cache = inserted(prefilled(2, 6, seed=3), [0, 1], width=6)
    view = cache.view(torch.tensor([6, 3]), count=2, width=9)
    mask = view.mask(torch.float32)
    assert mask.shape == (2, 1, 2, 9)
    for row, token, visible in ((0, 0, 7), (0, 1, 8), (1, 0, 4), (1, 1, 5)):
        assert mask[row, 0, token].tolist() == [0.0] * visible + [LOWEST] * (9 - visible)
    assert view.mask(torch.bfloat16).isfinite().all()


def test_a_pass_over_the_first_rows_does_not_change_the_others():
    prefill = prefilled(3, 5, seed=4)
    cache = inserted(prefill, [0, 1, 2], width=5)
    updated(cache, [5, 5], 9.0, width=6)
    keys, _ = updated(cache, [6, 6, 5], 7.0, width=7)
    torch.testing.assert_close(keys[2, :, :5], prefill.layers[0][0][2])
    assert keys[:, 0, 5:, 0].tolist() == [[9.0, 7.0], [9.0, 7.0], [7.0, 0.0]]


def test_the_last_row_replaces_one_that_leaves():
    prefill = prefilled(3, 5, seed=5)
    cache = inserted(prefill, [0, 1, 2], width=5)
    cache.move([(2, 0)], width=5)
    for layer in range(2):
        keys, values = updated(cache, [3, 4], 1.0, width=5, layer=layer)
        read_keys, read_values = prefill.layers[layer]
        for stored, expected in ((keys, read_keys), (values, read_values)):
            torch.testing.assert_close(stored[0, :, :3], expected[2][:, :3])
            torch.testing.assert_close(stored[1, :, :4], expected[1][:, :4])


def test_longer_rows_inserted_later_do_not_change_the_others():
    first, second = prefilled(1, 9, seed=6), prefilled(2, CHUNK + 5, seed=7)
    cache = inserted(first, [0], width=9, cache=KVCache(3, max_length=2 * CHUNK))
    updated(cache, [9], 2.0, width=10, layer=1)
    inserted(second, [1, 1], first=1, width=CHUNK + 5, cache=cache)
    keys, _ = updated(cache, [10, CHUNK + 5, CHUNK + 5], 3.0, width=CHUNK + 6, layer=1)
    torch.testing.assert_close(keys[0, :, :9], first.layers[1][0][0])
    assert keys[0, 0, 9:11, 0].tolist() == [2.0, 3.0]
    for row in (1, 2):
        torch.testing.assert_close(keys[row, :, : CHUNK + 5], second.layers[1][0][1])
        assert keys[row, 0, CHUNK + 5, 0] == 3.0


def test_undefined_memory_never_reaches_attention():
    prefill, cache = prefilled(1, 3, seed=8), KVCache(2, max_length=3 * CHUNK)
    inserted(prefill, [0], width=3, cache=cache)
    initialized = cache.initialized
    assert 3 <= initialized < 3 * CHUNK
    for stored in cache._layers:  # noqa: SLF001 - a test cannot choose what memory held before
        stored[:, :, :, initialized:] = torch.nan
    for width in (initialized - 1, initialized, initialized + 2, 3 * CHUNK):
        keys, values = updated(cache, [width - 1, 4], 1.0, width=width)
        assert keys.shape[2] == width
        mask = cache.view(torch.tensor([width - 1, 4]), count=1, width=width).mask(torch.float32)
        queries = torch.ones(2, 3, 1, 5)
        attended = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        assert attended.isfinite().all()


def test_initialized_positions_are_not_zeroed_again():
    prefill, cache = prefilled(1, 3, seed=9), KVCache(1, max_length=2 * CHUNK)
    inserted(prefill, [0], width=3, cache=cache)
    updated(cache, [CHUNK + 4], 6.0, width=CHUNK + 5)
    cache.initialize(4)
    cache.initialize(2 * CHUNK)
    keys, _ = updated(cache, [CHUNK + 5], 7.0, width=CHUNK + 6)
    assert keys[0, 0, CHUNK + 4 :, 0].tolist() == [6.0, 7.0]


@pytest.mark.parametrize(
    ("name", "dtype", "third"),
    [(None, torch.float32, 1 / 3), ("bfloat16", torch.bfloat16, 0.333984375)],
)
def test_keys_are_stored_and_returned_in_the_dtype_of_the_cache(name, dtype, third):
    # A third in eight bits of mantissa is 171 / 512.
    cache = KVCache(1, max_length=9, dtype=name)
    inserted(prefilled(1, 3, seed=10), [0], width=3, cache=cache)
    cache.initialize(4)
    new = new_tokens(1, 1 / 3)
    for given in (new, new.double()):
        keys, values = cache.view(torch.tensor([3]), count=1, width=4).update(0, given, given)
        assert keys.dtype is values.dtype is dtype
        assert keys[0, 0, 3, 0].item() == pytest.approx(third, abs=1e-7)


def test_a_prefill_without_a_cache_cannot_be_decoded():
    with pytest.raises(ValueError, match="has no cache: run it with keep_cache=True to decode"):
        KVCache(1, max_length=9).insert(None, [0], first=0, width=3)
