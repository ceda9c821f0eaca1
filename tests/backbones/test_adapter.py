import json

import pytest

from forethought.backbones import ADAPTER, base_folder, checkpoint_file, load_image_processor
from forethought.encoders import read_tokenizer, recognise
from tests import published


@pytest.fixture
def adapter(tmp_path):
    """The folder of an adapter, without its base's files, and the folder of that base."""
    base = published.make("rge", tmp_path / "base")
    folder = tmp_path / "lora"
    folder.mkdir()
    (folder / ADAPTER).write_text(json.dumps({"base_model_name_or_path": str(base)}))
    return folder, base


def test_the_base_folder_is_the_one_that_an_adapter_names(adapter):
    folder, base = adapter
    assert base_folder(folder) == base
    assert base_folder(base) == base


def test_the_base_folder_of_an_adapter_without_a_base_is_itself(adapter):
    folder, _ = adapter
    (folder / ADAPTER).write_text('{"base_model_name_or_path": "gone/base"}')
    assert base_folder(folder) == folder


def test_a_file_in_the_adapters_folder_takes_precedence_over_the_bases(adapter):
    folder, base = adapter
    assert checkpoint_file(folder, "tokenizer.json") == base / "tokenizer.json"
    (folder / "tokenizer.json").write_text("{}")
    assert checkpoint_file(folder, "tokenizer.json") == folder / "tokenizer.json"


def test_an_adapter_has_the_family_and_the_image_processor_of_its_base(adapter):
    folder, base = adapter
    assert recognise(folder, read_tokenizer(folder)).family.name == "rge"
    assert load_image_processor(folder) == load_image_processor(base)
    assert load_image_processor(folder).video.tokens_per_second == 2.0


def test_a_setting_absent_from_the_config_has_the_architectures_default(adapter):
    _, base = adapter
    path = base / "config.json"
    config = json.loads(path.read_text())
    del config["vision_config"]["tokens_per_second"]
    path.write_text(json.dumps(config))
    # Qwen2.5-VL's own: four time positions a second.
    assert load_image_processor(base).video.tokens_per_second == 4.0
