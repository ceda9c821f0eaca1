import os

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines.memory import fits, free_bytes, is_out_of_memory

PAGES = {"SC_AVPHYS_PAGES": 100, "SC_PAGE_SIZE": 1000}


@pytest.fixture(scope="module")
def backbone(tiny_encoder):
    return tiny_encoder.engine.backbone


def test_a_token_takes_keys_and_values_of_every_layer_in_their_precision(backbone):
    # Two layers, one head of sixteen numbers, four bytes each.
    assert backbone.cache_bytes == 2 * 2 * 16 * 4


@pytest.mark.parametrize(
    ("rows", "room", "expected"),
    [
        # Four fifths of 100,000 bytes; ten rows of 30 tokens take 76,800, eleven 84,480.
        (99, 30, 10),
        (10, 30, 10),
        (7, 30, 7),
        # 312 tokens of 256 bytes take 79,872.
        (3, 312, 1),
        (3, 313, 0),
    ],
)
def test_as_many_rows_fit_as_four_fifths_of_what_is_free_holds(
    backbone, monkeypatch, rows, room, expected
):
    monkeypatch.setattr(os, "sysconf", PAGES.__getitem__)
    assert fits(backbone, rows=rows, room=room) == expected


@given(st.integers(1, 300), st.integers(1, 10**12))
def test_never_more_rows_than_asked_for(tiny_encoder, rows, room):
    assert 0 <= fits(tiny_encoder.engine.backbone, rows=rows, room=room) <= rows


def test_room_for_more_than_any_machine_has_fits_not_once(backbone):
    assert fits(backbone, rows=4, room=10**15) == 0
    assert fits(backbone, rows=4, room=1) == 4


def test_where_nobody_can_say_what_is_free_all_is_tried():
    assert free_bytes(torch.device("meta")) is None
    assert (free_bytes(torch.device("cpu")) or 0) > 0


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("can't allocate memory"), False),
    ],
    ids=["torch", "python", "allocator", "another", "value"],
)
def test_memory_that_ran_out_is_told_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected


def test_torch_says_so_in_these_words_when_a_cpu_has_no_memory():
    with pytest.raises(RuntimeError) as told:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(told.value)
