import dataclasses
from importlib.util import find_spec

import pytest

from forethought.backbones import ADAPTER
from forethought.engines import start_vllm
from forethought.engines.vllm.launch import weights_folder
from forethought.errors import ModelError


def test_vllm_gets_a_folder_without_the_weights_of_a_gate(tmp_path):
    for name in (
        "config.json",
        "gate.json",
        "gate.safetensors",
        "model-00001-of-00002.safetensors",
    ):
        (tmp_path / name).write_text(name)
    folder, is_temporary = weights_folder(tmp_path)
    assert is_temporary
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "gate.json",
        "model-00001-of-00002.safetensors",
    ]
    assert (folder / "config.json").read_text() == "config.json"


def test_a_folder_without_other_weights_is_used_itself(tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    assert weights_folder(tmp_path) == (tmp_path, False)


def test_an_adapter_is_refused(tiny_encoder, tmp_path):
    (tmp_path / ADAPTER).touch()
    with pytest.raises(ModelError, match="is a LoRA adapter: merge it into its base"):
        start_vllm(tmp_path, tiny_encoder.engine)


def test_a_family_without_rationales_is_refused(tiny_encoder, tmp_path):
    direct = dataclasses.replace(tiny_encoder.engine, completion_format=None)
    with pytest.raises(ModelError, match="writes no rationale; load it with engine='local'"):
        start_vllm(tmp_path, direct)


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed here")
def test_without_vllm_the_error_has_the_way_to_install_it(tiny_encoder, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_vl"}')
    with pytest.raises(ModelError, match=r"environment of its own: `pip install vllm`.*docs/vllm"):
        start_vllm(tmp_path, tiny_encoder.engine)


def test_our_own_architecture_is_refused(tiny_encoder, words):
    with pytest.raises(ModelError, match=r"vLLM does not run forethought_vl.*engine='local'"):
        start_vllm(words, tiny_encoder.engine)
