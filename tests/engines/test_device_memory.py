from types import SimpleNamespace

import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines import available_bytes, device_memory, format_bytes
from forethought.engines.device_memory import is_out_of_memory, row_bytes, rows_that_fit

CPU = torch.device("cpu")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with 100,000 bytes available, and the folder of its cgroup."""
    memory = SimpleNamespace(available=100_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(device_memory, "_CGROUP", tmp_path)
    return tmp_path


def limit(cgroup, most, *, current, inactive):
    (cgroup / "memory.max").write_text(f"{most}\n")
    (cgroup / "memory.current").write_text(f"{current}\n")
    (cgroup / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\n")


def test_a_row_is_keys_and_values_of_every_layer_in_their_dtype(tiny_encoder):
    # Two layers, one head of sixteen numbers, four bytes each or two, for seven tokens.
    backbone = tiny_encoder.engine.backbone
    assert row_bytes(backbone, length=7, dtype=None) == 7 * 2 * 2 * 16 * 4
    assert row_bytes(backbone, length=7, dtype="bfloat16") == 7 * 2 * 2 * 16 * 2


@pytest.mark.usefixtures("machine")
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
def test_rows_fit_into_four_fifths_of_the_available_memory(rows, row, expected):
    assert rows_that_fit(CPU, rows=rows, row=row) == expected


@given(st.integers(1, 300), st.integers(1, 10**15))
def test_never_more_rows_than_requested(rows, row):
    assert 0 <= rows_that_fit(CPU, rows=rows, row=row) <= rows


def test_this_machine_has_memory_but_not_an_exabyte():
    assert (available_bytes(CPU) or 0) > 2**20
    assert rows_that_fit(CPU, rows=4, row=1) == 4
    assert rows_that_fit(CPU, rows=4, row=10**18) == 0


def test_where_memory_cannot_be_measured_all_rows_are_tried():
    meta = torch.device("meta")
    assert available_bytes(meta) is None
    assert rows_that_fit(meta, rows=4, row=10**18) == 4


def test_a_containers_limit_counts_where_it_leaves_less_than_the_machine(machine):
    assert available_bytes(CPU) == 100_000
    # 50,000 - 45,000 + 2,000: inactive file pages can be dropped.
    limit(machine, 50_000, current=45_000, inactive=2_000)
    assert available_bytes(CPU) == 7_000
    limit(machine, 900_000, current=45_000, inactive=2_000)
    assert available_bytes(CPU) == 100_000
    limit(machine, "max", current=45_000, inactive=2_000)
    assert available_bytes(CPU) == 100_000


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
def test_out_of_memory_is_distinguished_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected


def test_torch_reports_a_cpu_out_of_memory_in_these_words():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (999, "999 bytes"),
        (1_500, "1.5 kB"),
        (310_000, "310 kB"),
        (7_000_000, "7 MB"),
        (14_000_000_000_000, "14000.0 GB"),
    ],
)
def test_bytes_are_formatted_in_decimal_units(size, text):
    assert format_bytes(size) == text
