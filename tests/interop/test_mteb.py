import dataclasses
import math

import numpy as np
import pytest

from forethought.errors import ContentError, ModelError
from forethought.types import Image, Text

pytestmark = pytest.mark.slow


@pytest.fixture
def adapt():
    from forethought.interop import MtebEncoder

    return MtebEncoder


@pytest.fixture
def evaluate():
    """Scores of one task, without cache and bars."""
    import mteb

    def run(model, task):
        found = mteb.evaluate(model, task, cache=None, show_progress_bar=False)
        return found.task_results[0].scores["test"][0]

    return run


def test_text_retrieval_is_scored(adapt, evaluate, painter):
    from tests.interop.small_tasks import InTexts

    scores = evaluate(adapt(painter, think="never"), InTexts())
    # Red finds "red paint" first: 1. Blue's is "green mixed with red or blue", which has a
    # cosine of 0.82 to it, behind "blue and green sky" with 0.87: 1 / log2(3).
    assert scores["ndcg_at_10"] == pytest.approx((1 + 1 / math.log2(3)) / 2, abs=1e-4)


def test_pictures_reach_the_encoder(adapt, evaluate, painter, paint):
    from tests.interop.small_tasks import InPictures

    task = InPictures()
    task.pictures = {
        name: paint(colour)
        for name, colour in (
            ("red", "red"),
            ("violet", (120, 0, 255)),
            ("green", "green"),
            ("blue", "blue"),
        )
    }
    scores = evaluate(adapt(painter, think="always"), task)
    # Red and green find their own picture first. Violet is behind blue for blue: 1 / log2(3).
    # Without the pictures, all four documents would have the same vector.
    assert scores["ndcg_at_10"] == pytest.approx((2 + 1 / math.log2(3)) / 3, abs=1e-4)
    assert scores["recall_at_1"] == pytest.approx(2 / 3, abs=1e-4)
    assert painter.encoded.count("picture") == 4
    assert set(painter.calls) == {
        ("query", "always", "Find a picture."),
        ("document", "never", "A picture."),
    }


def encode(model, *batches, prompt="Find the paint.", side="query"):
    from mteb.types import PromptType

    from tests.interop.small_tasks import metadata

    task = metadata("Small", "it2it", prompt, ["text", "image"])
    kind = None if side is None else PromptType(side)
    return model.encode(
        batches, task_metadata=task, prompt_type=kind, hf_split="test", hf_subset="default"
    )


def test_vectors_equal_the_encoders_over_all_batches(adapt, painter, paint):
    red, blue = paint("red"), paint("blue")
    found = encode(
        adapt(painter),
        {"text": ["green", "white"], "image": [red, [red, blue]]},
        {"image": [blue]},
    )
    expected = painter.encode(
        [
            [Image(red), Text("green")],
            [Image(red), Image(blue), Text("white")],
            Image(blue),
        ]
    )
    np.testing.assert_array_equal(found, expected.vectors)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("side", "prompt", "call"),
    [
        ("query", "Find the paint.", ("query", "auto", "Find the paint.")),
        ("document", "Find the paint.", ("document", "never", None)),
        (None, "Find the paint.", ("query", "auto", "Find the paint.")),
        ("document", {"query": "Find.", "document": "Paint."}, ("document", "never", "Paint.")),
        ("query", {"document": "Paint."}, ("query", "auto", None)),
        ("query", None, ("query", "auto", None)),
    ],
)
def test_sides_have_their_own_instruction_and_thinking(adapt, painter, side, prompt, call):
    encode(adapt(painter), {"text": ["red"]}, side=side, prompt=prompt)
    assert painter.calls == [call]


def test_the_tasks_prompt_may_be_left_out(adapt, painter):
    encode(adapt(painter, think="always", use_task_prompts=False), {"text": ["red"]})
    assert painter.calls == [("query", "always", None)]


def test_an_empty_input_gets_zeros(adapt, painter, caplog):
    found = encode(adapt(painter), {"text": ["red", " ", "blue"]}, {"text": [""]})
    assert found[[1, 3]].tolist() == [[0.0] * 5] * 2
    np.testing.assert_array_equal(found[[0, 2]], painter.encode(["red", "blue"]).vectors)
    assert "Small: 1 empty inputs get zeros" in caplog.text


def test_texts_are_truncated_to_max_characters(adapt, painter):
    found = encode(adapt(painter, max_characters=4), {"text": ["red or blue"]})
    np.testing.assert_array_equal(found, painter.encode(["red"]).vectors)
    with pytest.raises(ModelError, match="max_characters must be at least 1, got 0"):
        adapt(painter, max_characters=0)


def test_no_batches_give_no_vectors(adapt, painter):
    assert encode(adapt(painter)).shape == (0, 5)


def test_metadata_has_model_weights_and_settings(adapt, painter):
    meta = adapt(painter, think="always", max_characters=90).mteb_model_meta
    assert (meta.name, meta.revision, meta.embed_dim) == ("forethought/colour", "0123456789ab", 5)
    assert set(meta.modalities) == {"text", "image"}
    assert meta.experiment_kwargs == {
        "think": "always",
        "think_documents": "never",
        "use_task_prompts": True,
        "max_characters": 90,
        "settings": "-".join(
            painter.provenance((), side=side, think=think).settings_digest
            for side, think in (("query", "always"), ("document", "never"))
        ),
    }
    assert adapt(painter, name="us/colour").mteb_model_meta.name == "us/colour"


def test_results_and_caches_of_other_settings_are_kept_apart(adapt, painter):
    other = dataclasses.replace(painter, settings=("dtype=bfloat16",))
    adapters = [
        adapt(painter),
        adapt(other),
        adapt(painter, think="never"),
        adapt(dataclasses.replace(painter, revision="0ff")),
    ]
    assert len({adapter.cache_name for adapter in adapters}) == len(adapters)
    folders = [adapter.mteb_model_meta.experiment_name for adapter in adapters[:3]]
    assert len({*folders}) == 3
    assert adapt(painter).cache_name == adapters[0].cache_name


def test_other_modalities_and_unknown_settings_are_refused(adapt, painter):
    with pytest.raises(
        ModelError, match="a batch has only audio: this model embeds text and image"
    ):
        encode(adapt(painter), {"audio": [None]})
    with pytest.raises(ModelError, match="unknown think 'maybe'"):
        adapt(painter, think="maybe")
    painter.widest = 3
    with pytest.raises(ContentError, match="input 0: picture is too wide"):
        encode(adapt(painter), {"image": [np.zeros((2, 5, 3), np.uint8)]})


def test_a_thinking_encoder_is_evaluated_end_to_end(adapt, evaluate, tiny_encoder):
    from tests.interop.small_tasks import InTexts

    direct, thought = (
        evaluate(adapt(tiny_encoder, think=think), InTexts()) for think in ("never", "always")
    )
    assert all(0 <= scores["ndcg_at_10"] <= 1 for scores in (direct, thought))
