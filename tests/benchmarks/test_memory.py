import pytest
import torch

from benchmarks.memory import rows_that_fit
from benchmarks.roofline import Work

WORK = Work(weight_bytes=1, cache_bytes_per_token=10, flops_per_token=1)


@pytest.mark.parametrize(("free", "rows"), [(10**9, 128), (20_000, 32), (100, 16)])
def test_rows_are_halved_until_their_cache_fills_a_quarter_of_what_is_free(monkeypatch, free, rows):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 10**9))
    # 12 tokens of 10 bytes: 128 rows take 15,360 bytes, 32 rows 3,840.
    assert rows_that_fit(WORK, length=12, device=torch.device("cuda"), most=128) == rows


def test_a_processor_has_room_for_all():
    assert rows_that_fit(WORK, length=10**9, device=torch.device("cpu"), most=128) == 128
