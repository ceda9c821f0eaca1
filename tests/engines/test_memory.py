import os

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines.memory import fits, free_bytes, is_out_of_memory, row_bytes

CPU = torch.device("cpu")
PAGES = {"SC_AVPHYS_PAGES": 100, "SC_PAGE_SIZE": 1000}


def test_a_row_takes_keys_and_values_of_every_layer_in_their_precision(tiny_encoder):
    # Two layers, one head of sixteen numbers, four bytes each or two, for seven tokens.
    backbone = tiny_encoder.engine.backbone
    assert row_bytes(backbone, room=7, precision=None) == 7 * 2 * 2 * 16 * 4
    assert row_bytes(backbone, room=7, precision="bfloat16") == 7 * 2 * 2 * 16 * 2


@pytest.mark.parametrize(
    ("rows", "row", "expected"),
    [
        # Four fifths of 100,000 bytes; ten rows of 7,680 take 76,800, eleven 84,480.
        (99, 7680, 10),
        (10, 7680, 10),
        (7, 7680, 7),
        (3, 80_000, 1),
        (3, 80_001, 0),
    ],
)
def test_as_many_rows_fit_as_four_fifths_of_what_is_free_holds(monkeypatch, rows, row, expected):
    monkeypatch.setattr(os, "sysconf", PAGES.__getitem__)
    assert fits(CPU, rows=rows, row=row) == expected


@given(st.integers(1, 300), st.integers(1, 10**15))
def test_never_more_rows_than_asked_for(rows, row):
    assert 0 <= fits(CPU, rows=rows, row=row) <= rows


def test_room_for_more_than_any_machine_has_fits_not_once():
    assert fits(CPU, rows=4, row=10**18) == 0
    assert fits(CPU, rows=4, row=1) == 4


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
