import shutil

import numpy as np
import pytest
import torch

from forethought.encoders import EncodeInput, EncodeOptions, ReasoningEncoder, load
from forethought.errors import ContentError, ContractError, ModelError
from forethought.types import Image, Text
from tests import published

pytestmark = pytest.mark.slow


@pytest.fixture
def wrap():
    from forethought.interop import as_sentence_transformer

    return as_sentence_transformer


@pytest.fixture
def model(wrap, painter):
    return wrap(painter, think="auto", prompts={"find": "Find the colour."})


def test_vectors_equal_the_encoders_in_the_callers_order(model, painter, paint):
    red = paint("red")
    found = model.encode(["a long text on blue", red, {"text": "green", "image": red}, "white"])
    expected = painter.encode(
        ["a long text on blue", Image(red), [Text("green"), Image(red)], "white"]
    )
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected.vectors)


def test_batches_change_nothing(model, painter):
    colours = ["red", "green and blue", "blue", "white or red", "green"]
    np.testing.assert_array_equal(
        model.encode(colours, batch_size=2), painter.encode(colours).vectors
    )


def test_one_input_gives_one_vector(model, paint):
    assert model.encode("red").shape == (5,)
    assert model.encode_document(paint("red")).shape == (5,)
    assert isinstance(model.encode("red", convert_to_tensor=True), torch.Tensor)


def test_the_model_reports_dimension_and_modalities(model):
    assert model.get_embedding_dimension() == 5
    assert {"text", "image"} <= set(model.modalities)
    assert model.supports(("image", "text"))


def test_each_method_has_its_side_and_thinking(model, painter):
    model.encode(["red"])
    model.encode_query(["red"])
    model.encode_document(["red"])
    assert painter.calls == [
        ("query", "auto", None),
        ("query", "auto", None),
        ("document", "never", None),
    ]


def test_a_call_overrides_thinking(model, painter):
    model.encode_query(["red"], think="never")
    model.encode_document(["red"], think="always")
    assert [think for _, think, _ in painter.calls] == ["never", "always"]


def test_a_prompt_is_the_instruction(model, painter):
    model.encode_query(["red"], prompt="Name it.")
    model.encode_document(["red"], prompt_name="find")
    assert [instruction for *_, instruction in painter.calls] == ["Name it.", "Find the colour."]


def test_vectors_are_truncated_and_normalised_by_sentence_transformers(model):
    # Red is (1, 1, 0, 0, 0.1) before normalising: of its first three numbers two are equal.
    found = model.encode(["red"], truncate_dim=3, normalize_embeddings=True)
    np.testing.assert_allclose(found, [[2**-0.5, 2**-0.5, 0]], atol=1e-6)


def test_vectors_are_quantised_by_sentence_transformers(model):
    # The signs of red are 1 1 0 0 1 and of blue 1 0 0 1 1: with three zeros behind them, the
    # bytes 0b11001000 = 200 and 0b10011000 = 152. "binary" is 128 less.
    assert model.encode(["red", "blue"], precision="ubinary").tolist() == [[200], [152]]
    assert model.encode(["red", "blue"], precision="binary").tolist() == [[72], [24]]
    # Each number's least over the batch is -128 and its greatest 127: red's red, blue's blue.
    found = model.encode(["red", "blue", "white"], precision="int8")
    assert found.dtype == np.int8
    assert (found[0, 1], found[1, 1], found[1, 3]) == (127, -128, 127)


def test_rationales_are_returned_with_output_value_none(model):
    found = model.encode(["red", "green and blue"], output_value=None)
    written = [one["embeddings"].rationales[one["row"]] for one in found]
    assert written[0] is None
    assert written[1].answer == "a colour"


def test_similarity_is_the_cosine(model):
    # (1, 1, 0, 0, .1) and (1, 0, 1, 0, .1): 1.01 / 2.01.
    found = model.similarity(model.encode(["red"]), model.encode(["green"]))
    assert found.item() == pytest.approx(1.01 / 2.01, abs=1e-6)


def test_an_input_that_cannot_be_embedded_is_named(model, painter):
    painter.widest = 3
    with pytest.raises(ContentError, match="input 0: picture is too wide") as caught:
        model.encode([Image(np.zeros((2, 5, 3), np.uint8))])
    assert "longest first" in caught.value.__notes__[0]
    with pytest.raises(ContentError, match="text is empty"):
        model.encode(["red", " "])


@pytest.mark.parametrize("options", [{"think": "maybe"}, {"think_documents": "maybe"}])
def test_an_unknown_choice_is_refused_at_once(wrap, painter, options):
    with pytest.raises(ModelError, match="unknown think 'maybe'"):
        wrap(painter, **options)


def test_an_unknown_task_is_refused(model):
    with pytest.raises(ModelError, match="unknown task 'cluster'; known: query, document"):
        model.encode(["red"], task="cluster")


def test_a_model_without_a_folder_is_not_saved(model, tmp_path):
    with pytest.raises(ModelError, match="colour cannot be saved: its files are not known"):
        model.save_pretrained(str(tmp_path))


def test_a_folder_of_another_model_is_refused(wrap, painter, tiny_model):
    with pytest.raises(ModelError, match="the encoder is 0123456789ab: name the folder"):
        wrap(painter, folder=tiny_model)


def test_a_saved_model_needs_no_other_folder_and_gives_the_same_vectors(wrap, tiny_model, tmp_path):
    from sentence_transformers import SentenceTransformer

    from forethought.interop import ForethoughtModule

    origin = shutil.copytree(tiny_model, tmp_path / "origin")
    encoder = load(origin, device="cpu")
    inputs: list[EncodeInput] = [
        "blue, square",
        Image(np.full((56, 56, 3), (150, 40, 200), np.uint8)),
        "red",
    ]
    model = wrap(origin, think="always", prompts={"name": "Name the picture."})
    np.testing.assert_allclose(
        model.encode_query(inputs), encoder.encode(inputs, think="always").vectors, atol=1e-6
    )
    saved = tmp_path / "saved"
    model.save_pretrained(str(saved))
    shutil.rmtree(origin)

    with pytest.raises(ValueError, match="trust_remote_code=True"):
        SentenceTransformer(str(saved))
    again = SentenceTransformer(
        str(saved), trust_remote_code=True, model_kwargs={"device": "cpu"}, device="cpu"
    )
    module = ForethoughtModule.load(
        str(saved / "0_ForethoughtModule"), model_kwargs={"device": "cpu"}
    )
    assert again.prompts["name"] == "Name the picture."
    for found in (again, SentenceTransformer(modules=[module], device="cpu")):
        assert found[0].think == "always"
        assert found[0].encoder.revision == encoder.revision
        np.testing.assert_array_equal(found.encode_query(inputs), model.encode_query(inputs))
        np.testing.assert_array_equal(found.encode_document(inputs), model.encode_document(inputs))
    again.save_pretrained(str(saved))  # over itself
    assert load(saved / "0_ForethoughtModule" / "encoder").revision == encoder.revision


def test_a_saved_model_keeps_the_settings_of_its_encoder(wrap, tiny_model, tmp_path):
    from forethought.interop import ForethoughtModule

    options = EncodeOptions(budget=7, repeats=3, max_pixels=28 * 28 * 3)
    encoder = load(tiny_model, device="cpu", encode_options=options)
    wrap(encoder, folder=str(tiny_model)).save_pretrained(str(tmp_path))
    module = ForethoughtModule.load(
        str(tmp_path / "0_ForethoughtModule"), model_kwargs={"device": "cpu"}
    )
    again = module.encoder
    assert isinstance(again, ReasoningEncoder)
    assert again.settings == encoder.settings
    assert again.decode_options == encoder.decode_options


def test_processes_of_sentence_transformers_encode_what_one_does(wrap, tiny_model):
    words = ["red", "a blue square", "green", "black or white", "orange"]
    model = wrap(load(tiny_model, device="cpu"), think="never")
    expected = model.encode_query(words)
    with_pool = model.encode_query(words, device=["cpu", "cpu"], chunk_size=2)
    np.testing.assert_allclose(with_pool, expected, atol=1e-6)


def test_sides_that_share_no_space_are_refused_at_once(wrap, tmp_path):
    encoder = published.loaded(published.make("ume_r1", tmp_path / "ume_r1"))
    with pytest.raises(ContractError, match="only direct with direct, thought with thought"):
        wrap(encoder, think="always")
    wrap(encoder, think="always", think_documents="always")
