import math

import pytest
import torch

from forethought.backbones import PrefillCache
from forethought.encoders import Gate, LogisticGate, load_gate
from forethought.engines import Prefill
from forethought.errors import ModelError


def prefilled(direct):
    """A prefill of which only the direct states matter."""
    rows = len(direct)
    positions = torch.ones(rows, dtype=torch.long)
    return Prefill(((7,),) * rows, direct, direct, positions, PrefillCache())


GATE = LogisticGate(torch.tensor([0.5, -1.0]), 0.25, 0.4, "seven pairs")


def test_the_probability_is_a_sigmoid_along_one_direction():
    # At unit length (.8, .6), (0, 1), (-1, 0): 0.5 * 0.8 - 0.6 + 0.25 = 0.05, 0 - 1 + 0.25 =
    # -0.75 and -0.5 + 0.25 = -0.25; then 1 / (1 + e^-x) of each.
    found = GATE(prefilled(torch.tensor([[4.0, 3.0], [0.0, 7.0], [-2.0, 0.0]])))
    expected = [1 / (1 + math.exp(-x)) for x in (0.05, -0.75, -0.25)]
    torch.testing.assert_close(found, torch.tensor(expected))
    assert isinstance(GATE, Gate)


def test_a_saved_gate_is_loaded(tmp_path):
    GATE.save(tmp_path)
    found = load_gate(tmp_path)
    assert found is not None
    assert torch.equal(found.weight, GATE.weight)
    assert (found.bias, found.threshold, found.fitted_on) == (0.25, 0.4, "seven pairs")


def test_a_model_may_have_no_gate(tmp_path):
    assert load_gate(tmp_path) is None


def test_a_gate_with_a_damaged_or_missing_file_is_refused(tmp_path):
    GATE.save(tmp_path)
    path = tmp_path / "gate.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ModelError, match=r"the gate cannot be read .*fit it again"):
        load_gate(tmp_path)
    path.unlink()
    with pytest.raises(ModelError, match="the gate cannot be read"):
        load_gate(tmp_path)
    GATE.save(tmp_path)
    (tmp_path / "gate.json").write_text("{}")
    with pytest.raises(ModelError, match=r"the gate cannot be read .'bias'"):
        load_gate(tmp_path)


def test_a_gate_with_a_weight_that_is_not_finite_is_refused(tmp_path):
    LogisticGate(torch.tensor([0.5, torch.nan]), 0.25, 0.4, "nothing").save(tmp_path)
    with pytest.raises(ModelError, match=r"the gate cannot be read \(a weight is not finite"):
        load_gate(tmp_path)
