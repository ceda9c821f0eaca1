import json

import pytest

from forethought.backbones import ADAPTER, base_of, file_of, load_image_processor
from forethought.encoders import read_tokenizer, recognise
from tests import published


@pytest.fixture
def adapter(tmp_path):
    """An adapter's folder, which holds no file of its base, and that base."""
    base = published.make("rge", tmp_path / "base")
    folder = tmp_path / "lora"
    folder.mkdir()
    (folder / ADAPTER).write_text(json.dumps({"base_model_name_or_path": str(base)}))
    return folder, base


def test_an_adapter_stands_on_its_base_and_anything_else_on_itself(adapter):
    folder, base = adapter
    assert base_of(folder) == base
    assert base_of(base) == base


def test_an_adapter_whose_base_is_gone_stands_on_itself(adapter):
    folder, _ = adapter
    (folder / ADAPTER).write_text('{"base_model_name_or_path": "gone/base"}')
    assert base_of(folder) == folder


def test_a_file_of_the_adapters_own_goes_before_its_bases(adapter):
    folder, base = adapter
    assert file_of(folder, "tokenizer.json") == base / "tokenizer.json"
    (folder / "tokenizer.json").write_text("{}")
    assert file_of(folder, "tokenizer.json") == folder / "tokenizer.json"


def test_an_adapter_is_recognised_and_sees_as_its_base_does(adapter):
    folder, base = adapter
    assert recognise(folder, read_tokenizer(folder)).family.name == "rge"
    assert load_image_processor(folder) == load_image_processor(base)
    assert load_image_processor(folder).video.tokens_per_second == 2.0


def test_what_a_config_leaves_out_has_the_architectures_default(adapter):
    _, base = adapter
    path = base / "config.json"
    told = json.loads(path.read_text())
    del told["vision_config"]["tokens_per_second"]
    path.write_text(json.dumps(told))
    # Qwen2.5-VL's own: four time positions a second.
    assert load_image_processor(base).video.tokens_per_second == 4.0
