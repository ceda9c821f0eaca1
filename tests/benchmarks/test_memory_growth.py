import shutil
import sys

import pytest
import torch

from benchmarks.memory_growth import resident_growth, rows_that_fit
from forethought.doctor import DecodeCost
from forethought.errors import ModelError

COST = DecodeCost(weight_bytes=1, cache_bytes_per_token=10, flops_per_token=1)


@pytest.mark.parametrize(("free", "rows"), [(10**9, 128), (20_000, 32), (100, 16)])
def test_rows_are_halved_until_their_cache_fills_a_quarter_of_the_free_memory(
    monkeypatch, free, rows
):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 10**9))
    # 12 tokens of 10 bytes: 128 rows take 15,360 bytes, 32 rows 3,840.
    assert rows_that_fit(COST, length=12, device=torch.device("cuda"), most=128) == rows


def test_a_cpu_takes_all_rows():
    assert rows_that_fit(COST, length=10**9, device=torch.device("cpu"), most=128) == 128


def test_a_process_that_fails_is_an_error_with_its_last_line(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(ModelError, match="memory of 'ours' cannot be measured: it wrote nothing"):
        resident_growth("ours", model="nano", shape="", tokens=3, rows=1)
