import dataclasses
from importlib.util import find_spec

import pytest

from forethought.backbones import ADAPTER
from forethought.engines import start_vllm
from forethought.engines.vllm.vllm_start import network_folder
from forethought.errors import ModelError


def test_a_gates_weights_are_kept_from_vllm(tmp_path):
    for name in (
        "config.json",
        "gate.json",
        "gate.safetensors",
        "model-00001-of-00002.safetensors",
    ):
        (tmp_path / name).write_text(name)
    folder, lent = network_folder(tmp_path)
    assert lent
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "gate.json",
        "model-00001-of-00002.safetensors",
    ]
    assert (folder / "config.json").read_text() == "config.json"


def test_a_folder_of_nothing_else_is_taken_as_it_is(tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    assert network_folder(tmp_path) == (tmp_path, False)


def test_an_adapter_is_refused(tiny_encoder, tmp_path):
    (tmp_path / ADAPTER).touch()
    with pytest.raises(ModelError, match="is a LoRA adapter: merge it into its base"):
        start_vllm(tmp_path, tiny_encoder.engine)


def test_a_family_that_never_writes_is_refused(tiny_encoder, tmp_path):
    mute = dataclasses.replace(tiny_encoder.engine, completion_format=None)
    with pytest.raises(ModelError, match="never writes has no use for engine='vllm'"):
        start_vllm(tmp_path, mute)


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed here")
def test_without_vllm_it_is_said_how_to_get_it(tiny_encoder, tmp_path):
    with pytest.raises(ModelError, match=r"environment of its own: `pip install vllm`.*docs/vllm"):
        start_vllm(tmp_path, tiny_encoder.engine)
