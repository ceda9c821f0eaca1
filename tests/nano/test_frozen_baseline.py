import inspect
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from forethought.backbones import HeadSizes, PictureHead
from forethought.encoders import Encoder, ReasoningEncoder
from forethought.errors import ContentError, ModelError
from forethought.nano.frozen_baseline import (
    WEIGHTS,
    FrozenBaseline,
    read_head,
    write_head,
)
from forethought.rationales import RationaleStore
from forethought.types import Image, Message, Mode, Side, Text

SIZES = HeadSizes(features=5, hidden=7, dimension=3, classes=2)
PICTURE = Image(np.full((2, 4, 3), (200, 10, 90), dtype=np.uint8))


class Colours:
    """A picture's features: its mean colour, its height and its width."""

    width = 5

    def __call__(self, pictures):
        rows = [[*p.mean((0, 1)), p.shape[0], p.shape[1]] for p in pictures]
        return torch.tensor(rows, dtype=torch.float32)

    def probabilities(self, features):
        return (features[:, :2] / 100).softmax(-1)


class Lengths:
    """A text's vector: the unit vector of its first letter's index in "xyz"."""

    width = 3

    def __call__(self, texts):
        return torch.eye(3)[["xyz".index(text[0]) for text in texts]]


@pytest.fixture
def folder(tmp_path):
    head = PictureHead(SIZES)
    head.mean.copy_(torch.tensor([100.0, 50.0, 50.0, 2.0, 3.0]))
    head.far.copy_(torch.tensor(1.5))
    head.class_vectors.copy_(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0]]))
    head.spread.copy_(torch.tensor([40.0, 30.0, 20.0, 1.5, 2.0]))
    write_head(head, tmp_path / "baseline")
    return tmp_path / "baseline"


@pytest.fixture
def encoder(folder):
    return FrozenBaseline.load(folder, pictures=Colours(), texts=Lengths())


def test_it_is_an_encoder(encoder):
    assert isinstance(encoder, Encoder)
    assert (encoder.name, encoder.dimension) == ("baseline", 3)
    assert len(bytes.fromhex(encoder.revision)) == 6


def test_the_card_names_the_family_and_its_loader(folder):
    card = json.loads((folder / "forethought.json").read_text())
    assert card["family"] == "frozen_baseline"
    package, name, method = card["loader"].rsplit(".", 2)
    assert getattr(import_module(package), name) is FrozenBaseline
    assert callable(getattr(FrozenBaseline, method))


def test_a_head_is_read_back_as_it_was_written(folder):
    again = folder.parent / "again"
    write_head(read_head(folder), again)
    first, second = (load_file(path / WEIGHTS) for path in (folder, again))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_revision_changes_with_the_weights(folder):
    before = FrozenBaseline.load(folder, pictures=Colours(), texts=Lengths()).revision
    head = read_head(folder)
    head.outside.bias.data += 1
    write_head(head, folder)
    assert FrozenBaseline.load(folder, pictures=Colours(), texts=Lengths()).revision != before


def test_a_text_has_the_vector_of_the_text_encoder(encoder):
    found = encoder.encode(["zebra", Text("yes")])
    np.testing.assert_allclose(found.vectors, [[0, 0, 1], [0, 1, 0]], atol=1e-6)


def test_a_pictures_vector_is_the_sum_of_the_head_and_conse(encoder, folder):
    features = torch.tensor([[200.0, 10.0, 90.0, 2.0, 4.0]])
    with torch.inference_mode():
        head = read_head(folder)
        learned = head.project((features - head.mean) / head.spread)[0]
    # Red beats green by 1.9, so the classes weigh 0.870 and 0.130.
    red, green = np.exp([2.0, 0.1]) / np.exp([2.0, 0.1]).sum()
    named = np.array([0.0, red, -green]) / np.hypot(red, green)
    # The features lie 2.5, -4/3, 2, 0 and 1/2 standard deviations from their means.
    distance = np.sqrt((2.5**2 + (4 / 3) ** 2 + 2**2 + 0.5**2) / 5)
    total = learned.numpy() + 1.5 / (1 + np.exp((1.5 - distance) / 0.3)) * named
    expected = torch.tensor(total / np.linalg.norm(total))[None]
    np.testing.assert_allclose(encoder.encode([PICTURE]).vectors, expected.numpy(), atol=1e-6)


def test_a_text_and_a_picture_are_summed_then_normalised(encoder):
    picture = encoder.encode([PICTURE]).vectors[0]
    total = picture + np.array([1.0, 0.0, 0.0])
    found = encoder.encode([[PICTURE, Text("x-ray")]]).vectors[0]
    np.testing.assert_allclose(found, total / np.linalg.norm(total), atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 2, 9])
def test_batch_size_changes_no_vector_and_progress_adds_up(encoder, batch_size):
    inputs = [
        "x",
        PICTURE,
        "zoo",
        [PICTURE, Text("y")],
        Message((Text("y"),), "Find it.", Side.QUERY),
    ]
    calls = []
    found = encoder.encode(inputs, batch_size=batch_size, progress=lambda *call: calls.append(call))
    np.testing.assert_allclose(found.vectors, encoder.encode(inputs).vectors, atol=1e-6)
    assert calls == [(min(done, 5), 5) for done in range(batch_size, 5 + batch_size, batch_size)]


def test_every_vector_is_direct_and_costs_no_token(encoder):
    found = encoder.encode(["x", PICTURE], side="document", instruction="Find it.")
    assert found.mode == (Mode.DIRECT, Mode.DIRECT)
    assert found.rationales == (None, None)
    assert found.tokens.tolist() == [0, 0]
    assert np.isnan(found.gate).all()
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)


def test_no_input_gives_no_vector(encoder):
    assert encoder.encode([]).vectors.shape == (0, 3)


def test_it_refuses_to_always_think(encoder):
    with pytest.raises(
        ModelError, match=r"baseline: think='always' is not possible.*think='never'"
    ):
        encoder.encode(["x"], think="always")


def test_it_has_the_arguments_of_a_reasoning_encoder():
    def of(encode):
        arguments = inspect.signature(encode).parameters.values()
        return [(each.name, each.kind, each.default) for each in arguments]

    assert of(FrozenBaseline.encode) == of(ReasoningEncoder.encode)


def test_it_refuses_a_store_of_rationales(encoder, tmp_path):
    with pytest.raises(
        ModelError, match=r"baseline: rationales=RationaleStore is not possible, .* leave"
    ):
        encoder.encode(["x"], rationales=RationaleStore(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"on_error": "pass"}, "unknown on_error 'pass'; known: raise, skip"),
    ],
    ids=["batch_size", "on_error"],
)
def test_it_refuses_an_argument_out_of_range(encoder, arguments, message):
    with pytest.raises(ModelError, match=message):
        encoder.encode(["x"], **arguments)


INPUTS = ["x", " ", PICTURE, Path("no.png"), [], "zoo"]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_inputs_that_cannot_be_read_are_skipped_with_a_reason(encoder, batch_size):
    found = encoder.encode(INPUTS, on_error="skip", batch_size=batch_size)
    direct, skipped = Mode.DIRECT, Mode.SKIPPED
    assert found.mode == (direct, skipped, direct, skipped, skipped, direct)
    assert np.isnan(found.vectors[[1, 3, 4]]).all()
    reasons = [error for error in found.errors if error]
    assert len(reasons) == 3
    assert "no.png" in reasons[1]
    readable = encoder.encode([INPUTS[0], INPUTS[2], INPUTS[5]])
    np.testing.assert_allclose(found.vectors[[0, 2, 5]], readable.vectors, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_a_vector_without_a_direction_is_refused_by_its_input(folder, value):
    class Broken(Lengths):
        def __call__(self, texts):
            vectors = super().__call__(texts)
            vectors[[text == "yes" for text in texts]] = value
            return vectors

    encoder = FrozenBaseline.load(folder, pictures=Colours(), texts=Broken())
    with pytest.raises(ContentError, match=r"input 2: .* zero or not finite"):
        encoder.encode(["x", PICTURE, "yes"])
    found = encoder.encode(["yes", "zoo"], on_error="skip")
    assert found.mode == (Mode.SKIPPED, Mode.DIRECT)
    np.testing.assert_allclose(found.vectors[1], [0, 0, 1], atol=1e-6)


def test_it_names_an_unknown_mode_of_thinking(encoder):
    with pytest.raises(ModelError, match=r"'sometimes'.*never, always, auto"):
        encoder.encode(["x"], think="sometimes")


def test_it_names_the_input_that_is_empty(encoder):
    with pytest.raises(ContentError, match="input 1"):
        encoder.encode(["x", " "])


def test_it_refuses_a_folder_without_a_head(tmp_path):
    with pytest.raises(
        ModelError, match=r"not a complete frozen_baseline model.*frozen_baseline\.toml"
    ):
        read_head(tmp_path)


def test_it_refuses_damaged_weights(folder):
    (folder / WEIGHTS).write_bytes(b"\x00" * 40)
    with pytest.raises(ModelError, match="not a complete frozen_baseline model"):
        read_head(folder)


def test_it_refuses_weights_of_another_size(folder):
    config = json.loads((folder / "config.json").read_text())
    config["sizes"]["hidden"] = 8
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="size mismatch"):
        read_head(folder)
