"""Where training runs in bfloat16."""

import pytest
import torch

from forethought.training.precision import trains_in_bf16

CPU = torch.device("cpu")


def processor(monkeypatch, *, avx512: bool, amx: bool):
    """Answer torch's questions as another processor would."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)


def test_a_gpu_trains_in_bf16():
    assert trains_in_bf16(torch.device("cuda"))


@pytest.mark.parametrize(("avx512", "amx"), [(False, False), (True, False), (False, True)])
def test_a_cpu_does_where_it_has_instructions_for_it(monkeypatch, avx512, amx):
    processor(monkeypatch, avx512=avx512, amx=amx)
    assert trains_in_bf16(CPU) is (avx512 or amx)


def test_a_torch_without_these_questions_trains_in_float32(monkeypatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert not trains_in_bf16(CPU)


def test_the_installed_torch_has_both_questions():
    # They are private; with another name every CPU would silently train in float32.
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        assert isinstance(getattr(torch.cpu, name)(), bool)
