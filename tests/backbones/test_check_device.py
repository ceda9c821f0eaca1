import pytest
import torch

from forethought.backbones import LoadOptions, check_device, load_checkpoint, save_checkpoint
from forethought.errors import ModelError
from tests.backbones.networks import network


def test_the_cpu_is_there():
    assert check_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("toaster", r"unknown device 'toaster' .*cpu always works"),
        ("meta", r"device 'meta' holds no values; cpu always works"),
        ("cuda:99", r"no device 'cuda:99' here .*cpu always works"),
    ],
)
def test_a_device_that_is_not_here_is_refused(name, message):
    with pytest.raises(ModelError, match=message):
        check_device(name)


def test_a_checkpoint_is_not_read_for_a_device_that_is_not_here(tmp_path):
    save_checkpoint(network(), tmp_path, dtype=torch.float32)
    with pytest.raises(ModelError, match=r"no device 'cuda:99' here"):
        load_checkpoint(tmp_path, LoadOptions(device="cuda:99"))
