import dataclasses
import json
import shutil

import numpy as np
import pytest

import forethought
from forethought.backbones import LoadOptions
from forethought.encoders import CARD, ReasoningEncoder, load
from forethought.engines import VllmEngine
from forethought.errors import ModelError
from forethought.types import ContentKind, Side


@pytest.fixture
def copied(tiny_model, tmp_path):
    """The tiny model's folder, to be damaged."""
    return shutil.copytree(tiny_model, tmp_path / "model")


def rewrite(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_folder_is_loaded_with_its_own_settings(tiny_model):
    found = load(str(tiny_model), device="cpu")
    assert isinstance(found, ReasoningEncoder)
    assert found.name == "tiny"
    assert found.decode_options.budget == 24
    assert found.instructions == {
        Side.QUERY: dict.fromkeys(ContentKind, "Find the picture."),
        Side.DOCUMENT: dict.fromkeys(ContentKind, "Picture."),
    }
    assert found.gate is None


def test_the_front_door_loads_too(tiny_model, tiny_encoder):
    found = forethought.load(tiny_model, device="cpu").encode(["red"], think="never")
    expected = tiny_encoder.encode(["red"], think="never")
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-6)


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"no readable tokenizer\.json"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"family": "bert"}, "family is 'bert'; known: forethought, mmemb_r1"),
        ({"budget": "many"}, "budget must be a whole number, got 'many'"),
        ({"instructions": {"query": "Find it."}}, "instructions must be a table of query and"),
        ({"instructions": "Find it."}, "instructions must be a table"),
        (
            {"instructions": {"query": {"text": "Find it."}, "document": ""}},
            "instructions of query must be one string, or one for each of text, picture",
        ),
        ({"settings": 5}, "settings must be a table, got 5"),
        ({"settings": {"max_pixel": 9}}, r"\[?settings\]?.*unknown key 'max_pixel'.*max_pixels"),
        ({"settings": {"max_pixels": 0}}, "max_pixels must be a whole number of at least 1, got 0"),
    ],
)
def test_a_card_with_a_mistake_is_refused(copied, changes, error):
    rewrite(copied / CARD, **changes)
    with pytest.raises(ModelError, match=error):
        load(copied)


@pytest.mark.parametrize("text", ["", "[3]", "3", "{"])
def test_a_card_that_is_not_an_object_is_refused(copied, text):
    (copied / CARD).write_text(text)
    with pytest.raises(ModelError, match=f"no readable {CARD}"):
        load(copied)


@pytest.mark.parametrize(
    "name", ["tokenizer.json", "preprocessor_config.json", "config.json", "model.safetensors"]
)
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_missing_or_truncated_file_is_refused(copied, name, damage):
    path = copied / name
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=r"copy or train (them|it) again|name a folder"):
        load(copied)


def test_an_unknown_engine_is_refused(tiny_model):
    with pytest.raises(ModelError, match="unknown engine 'vlm'; known: local, vllm"):
        load(tiny_model, engine="vlm")


def test_a_card_that_names_another_loader_is_refused(tmp_path):
    (tmp_path / CARD).write_text(json.dumps({"family": "other", "loader": "elsewhere.load"}))
    with pytest.raises(
        ModelError, match=r"family is 'other', .*forethought, .*rge.*; load it with elsewhere.load"
    ):
        load(tmp_path)


def test_quantised_weights_are_not_started_on_vllm(tiny_model):
    spread = LoadOptions(device_map="cpu")
    with pytest.raises(ModelError, match="takes neither quantize nor device_map: leave them out"):
        load(tiny_model, load_options=spread, engine="vllm")


def test_a_local_engine_computes_the_vectors_whichever_engine_decodes(tiny_encoder):
    with_vllm = dataclasses.replace(tiny_encoder, engine=VllmEngine(tiny_encoder.engine, llm=None))
    assert with_vllm.local is tiny_encoder.engine
    assert tiny_encoder.local is tiny_encoder.engine
    assert with_vllm.dimension == tiny_encoder.dimension
