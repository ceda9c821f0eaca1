import json
import logging
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from forethought.encoders import CARD, LogisticGate, load, merge
from forethought.errors import ConfigError, ModelError
from tests import published


@pytest.fixture
def other(tiny_model, tmp_path):
    """A copy of the tiny model with other weights; gives its folder."""
    folder = tmp_path / "other"
    shutil.copytree(tiny_model, folder)
    weights = load_file(folder / "model.safetensors")
    draw = torch.Generator().manual_seed(3)
    for value in weights.values():
        value.add_(torch.randn(value.shape, generator=draw).to(value.dtype), alpha=0.01)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def edit(path, **changes):
    """Change keys of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_equal_models_are_merged_into_the_same_encoder(tiny_model, tiny_encoder, tmp_path):
    merge([tiny_model, tiny_model, tiny_model], tmp_path / "soup")
    found = load(tmp_path / "soup", device="cpu")
    assert found.name == "soup"
    assert found.instructions == tiny_encoder.instructions
    assert found.decode_options == tiny_encoder.decode_options
    inputs = ["a red square", "blue paint"]
    vectors = [one.encode(inputs, think="never").vectors for one in (found, tiny_encoder)]
    assert np.array_equal(vectors[0], vectors[1])
    for path in tiny_model.iterdir():
        if path.name != CARD:
            assert (tmp_path / "soup" / path.name).read_bytes() == path.read_bytes()


def test_weights_are_divided_by_their_sum_and_written_into_the_card(tiny_model, other, tmp_path):
    count = merge([tiny_model, other], tmp_path / "soup", weights=[3.0, 1.0])
    parts = [load_file(folder / "model.safetensors") for folder in (tiny_model, other)]
    found = load_file(tmp_path / "soup" / "model.safetensors")
    assert count == len(found)
    for name, value in found.items():
        expected = 0.75 * parts[0][name].float() + 0.25 * parts[1][name].float()
        torch.testing.assert_close(value.float(), expected, rtol=2**-8, atol=1e-6)
    card = json.loads((tmp_path / "soup" / CARD).read_text())
    first = load(tiny_model, device="cpu").revision
    assert card["merged"][0] == {"model": str(tiny_model), "revision": first, "weight": 0.75}
    assert [each["weight"] for each in card["merged"]] == [0.75, 0.25]
    again = json.loads((tiny_model / CARD).read_text())
    assert {**card, "name": again["name"]} == {**again, "merged": card["merged"]}


def test_a_gate_is_left_out_with_a_line(tiny_model, tiny_encoder, other, tmp_path, caplog):
    LogisticGate(torch.ones(tiny_encoder.dimension), 0.25, 0.4, "nothing").save(other)
    with caplog.at_level(logging.INFO, "forethought"):
        merge([tiny_model, other], tmp_path / "soup")
    assert "soup: has no gate, since gates are not averaged" in caplog.text
    assert load(tmp_path / "soup", device="cpu").gate is None
    assert not list((tmp_path / "soup").glob("gate*"))


def test_a_published_model_gets_a_card_with_its_family(tmp_path):
    folder = published.make("ume_r1", tmp_path / "ume")
    merge([folder, folder], tmp_path / "soup")
    assert load(tmp_path / "soup", device="cpu").family.name == "ume_r1"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: edit(f / CARD, budget=7), r"other: budget in forethought.json differ"),
        (
            lambda f: edit(f / CARD, instructions={"query": "Find.", "document": "It."}),
            "other: instructions in forethought.json differ",
        ),
        (lambda f: edit(f / CARD, settings={"repeats": 3}), "other: settings in .* differ"),
        (lambda f: edit(f / CARD, family="ume_r1"), "other: family is 'ume_r1', and 'forethought'"),
        (
            lambda f: edit(f / "preprocessor_config.json", min_pixels=784),
            "other: preprocessor_config.json differs",
        ),
        (
            lambda f: (f / "preprocessor_config.json").unlink(),
            "other: preprocessor_config.json differs",
        ),
        (
            lambda f: edit(f / "config.json", tie_word_embeddings="no"),
            "tie_word_embeddings is 'no'",
        ),
        (lambda f: (f / "tokenizer.json").unlink(), "other: no readable tokenizer.json"),
        (lambda f: (f / "adapter_config.json").write_text("{}"), "other: a LoRA adapter"),
    ],
    ids=lambda value: None if callable(value) else value.split(":")[-1].strip()[:20],
)
def test_what_differs_is_named(tiny_model, other, tmp_path, spoil, message):
    spoil(other)
    with pytest.raises(ModelError, match=message):
        merge([tiny_model, other], tmp_path / "soup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other"]


def test_another_vocabulary_is_named_by_a_token(tiny_model, other, tmp_path):
    path = other / "tokenizer.json"
    table = json.loads(path.read_text())
    extra = {**table["added_tokens"][0], "id": 320, "content": "<extra>"}
    table["added_tokens"].append(extra)
    path.write_text(json.dumps(table))
    with pytest.raises(ModelError, match=r"other: token '<extra>' is 320 in .*other alone"):
        merge([tiny_model, other], tmp_path / "soup")


def test_a_tokenizer_that_splits_otherwise_is_refused(tiny_model, other, tmp_path):
    path = other / "tokenizer.json"
    edit(path, normalizer={"type": "Lowercase"})
    with pytest.raises(ModelError, match="other: the tokenizer splits other than that of"):
        merge([tiny_model, other], tmp_path / "soup")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], "2 models have 1 weights"),
        ([1.0, -0.5], "from 0 up, and not all 0, got 1.0, -0.5"),
        ([0.0, 0.0], "not all 0"),
        ([1.0, float("inf")], "from 0 up"),
    ],
)
def test_weights_that_give_no_average_are_refused(tiny_model, tmp_path, weights, message):
    with pytest.raises(ConfigError, match=message):
        merge([tiny_model, tiny_model], tmp_path / "soup", weights=weights)


def test_one_model_is_no_soup_and_files_are_not_overwritten(tiny_model, other, tmp_path):
    with pytest.raises(ConfigError, match="one model has no average, got 1"):
        merge([tiny_model], tmp_path / "soup")
    with pytest.raises(ConfigError, match="is a folder with files in it; name a new one"):
        merge([tiny_model, other], other)
