import pytest
import torch
from transformers import Qwen2VLForConditionalGeneration

from forethought.backbones import load_checkpoint, save_checkpoint
from tests.backbones.networks import network, weights


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_come_back_from_disk(tmp_path, dtype):
    made = network()
    save_checkpoint(made, tmp_path, dtype=dtype)
    loaded = load_checkpoint(tmp_path).network
    stock = Qwen2VLForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32)
    assert not loaded.training
    for name, weight in weights(made).items():
        rounded = weight.to(dtype).float()
        assert torch.equal(weights(loaded)[name], rounded)
        assert torch.equal(weights(stock)[name], rounded)
        assert not weights(loaded)[name].requires_grad
    assert all(weight.dtype == torch.float32 for weight in made.parameters())


def test_weights_have_the_permissions_of_the_config(tmp_path):
    save_checkpoint(network(), tmp_path, dtype=torch.float32)
    modes = {(tmp_path / name).stat().st_mode for name in ("config.json", "model.safetensors")}
    assert len(modes) == 1
