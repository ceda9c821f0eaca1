import dataclasses

import numpy as np
import pytest
import torch

from forethought.encoders import Encoder, LogisticGate
from forethought.engines import DecodeOptions
from forethought.errors import ContentError, ModelError
from forethought.types import ContentKind, Ending, Image, Message, Mode, Side, Text, Think

VIOLET = Image(np.full((56, 56, 3), (150, 40, 200), np.uint8))
INPUTS = [
    "a long question about an orange square, or is it a yellow one",
    "green, square",
    VIOLET,
    "blue, square",
    [VIOLET, Text("what is it?")],
    "red",
    "black, square",
]


def gated(encoder, threshold):
    generator = torch.Generator().manual_seed(6)
    weight = torch.randn(encoder.dimension, generator=generator)
    return dataclasses.replace(encoder, gate=LogisticGate(weight, 0.1, threshold, "nothing"))


@pytest.fixture(scope="module")
def never(tiny_encoder):
    return tiny_encoder.encode(INPUTS, think="never")


@pytest.fixture(scope="module")
def always(tiny_encoder):
    return tiny_encoder.encode(INPUTS, think="always")


def same(found, expected, rows=slice(None)):
    np.testing.assert_allclose(found.vectors[rows], expected.vectors[rows], atol=1e-5)
    for name in ("rationales", "mode"):
        assert getattr(found, name)[rows] == getattr(expected, name)[rows]
    assert found.tokens[rows].tolist() == expected.tokens[rows].tolist()


def test_it_is_an_encoder(tiny_encoder):
    assert isinstance(tiny_encoder, Encoder)
    assert tiny_encoder.name == "tiny"
    assert tiny_encoder.dimension == 32
    assert len(tiny_encoder.revision) == 12


def test_never_embeds_directly(never):
    assert never.mode == (Mode.DIRECT,) * 7
    assert never.rationales == (None,) * 7
    assert never.tokens.tolist() == [0] * 7
    assert np.isnan(never.gate).all()


def test_always_thinks(always, never):
    assert always.mode == (Mode.THOUGHT,) * 7
    assert all(always.tokens > 0)
    assert all(always.tokens <= 25)
    assert np.isnan(always.gate).all()
    assert (np.abs(always.vectors - never.vectors).max(axis=1) > 1e-3).all()


def test_every_vector_has_length_one_in_float32(never, always):
    for found in (never, always):
        assert found.vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)


def test_an_open_gate_equals_always_and_a_shut_one_never(tiny_encoder, never, always):
    opened = gated(tiny_encoder, 0.0).encode(INPUTS, think="auto", batch_size=3)
    shut = gated(tiny_encoder, 1.1).encode(INPUTS, think="auto", batch_size=3)
    same(opened, always)
    same(shut, never)
    np.testing.assert_allclose(opened.gate, shut.gate, atol=1e-6)
    assert ((opened.gate > 0) & (opened.gate < 1)).all()


def test_a_gate_decides_for_each_input(tiny_encoder, never, always):
    gates = gated(tiny_encoder, 1.1).encode(INPUTS, think="auto").gate
    threshold = float(np.sort(gates)[3])
    found = gated(tiny_encoder, threshold).encode(INPUTS, think="auto", batch_size=4)
    for row, gate in enumerate(gates):
        same(found, always if gate >= threshold else never, slice(row, row + 1))
    assert found.mode.count(Mode.THOUGHT) == 4


@pytest.mark.parametrize("batch_size", [1, 2, 3, 64])
def test_batch_size_changes_neither_vectors_nor_order(tiny_encoder, always, batch_size):
    calls: list[tuple[object, ...]] = []
    found = tiny_encoder.encode(
        INPUTS, think="always", batch_size=batch_size, progress=lambda *call: calls.append(call)
    )
    same(found, always)
    assert calls == [(min(done, 7), 7) for done in range(batch_size, 7 + batch_size, batch_size)]


def test_nothing_in_gives_nothing_out(tiny_encoder):
    for think in Think:
        found = gated(tiny_encoder, 0.5).encode([], think=think)
        assert found.vectors.shape == (0, 32)
        assert len(found) == 0
        assert found.mode == ()


def test_side_and_instruction_change_the_prompt(tiny_encoder):
    query, document, other, explicit = (
        tiny_encoder.encode(["red"], think="never", **options).vectors
        for options in (
            {"side": "query"},
            {"side": "document"},
            {"side": "document", "instruction": "Text."},
            {"side": "query", "instruction": "Picture."},
        )
    )
    # "Picture." is the default of documents; nothing else in the prompt depends on the side.
    np.testing.assert_allclose(document, explicit, atol=1e-6)
    assert np.abs(query - document).max() > 1e-3
    assert np.abs(other - document).max() > 1e-3


def test_auto_without_a_gate_embeds_directly_and_says_so_once(tiny_encoder, caplog):
    encoder = dataclasses.replace(tiny_encoder, name="without")
    found = encoder.encode(["red"])
    assert encoder.encode(["red"]).mode == found.mode == (Mode.DIRECT,)
    np.testing.assert_array_equal(found.vectors, encoder.encode(["red"], think="never").vectors)
    assert [record.message for record in caplog.records] == [
        "without has no gate, so think='auto' embeds directly; think='always' writes a rationale"
    ]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"side": "left"}, "unknown side 'left'; known: query, document"),
        ({"think": "maybe"}, "unknown think 'maybe'; known: never, always, auto"),
    ],
)
def test_an_unknown_choice_is_refused(tiny_encoder, options, error):
    with pytest.raises(ModelError, match=error):
        tiny_encoder.encode(["red"], **{"think": "never", **options})


def test_an_input_that_cannot_be_embedded_is_named(tiny_encoder):
    with pytest.raises(ContentError, match=r"^input 1: text is empty"):
        tiny_encoder.encode(["red", " "], think="never")
    with pytest.raises(ContentError, match=r"^input 2: message takes \d+ tokens"):
        tiny_encoder.encode(["red", "blue", "wordy " * 200], think="never")
    belt = Image(np.zeros((2, 900, 3), np.uint8), source="belt.png")
    with pytest.raises(ContentError, match=r"^input 0: belt.png: 900 x 2 is too long"):
        tiny_encoder.encode([belt], think="never")


def test_one_string_in_place_of_a_list_is_refused(tiny_encoder):
    with pytest.raises(TypeError, match="inputs is one string"):
        tiny_encoder.encode("red", think="never")


def test_a_message_keeps_its_instruction(tiny_encoder, never):
    message = Message((Text("red"),), "Find the picture.", Side.QUERY)
    found = tiny_encoder.encode([message], think="never", instruction="Something else.")
    np.testing.assert_allclose(found.vectors[0], never.vectors[5], atol=1e-5)


def test_a_budget_too_small_for_a_rationale_ends_it_as_length(tiny_encoder):
    short = dataclasses.replace(tiny_encoder, decode_options=DecodeOptions(2))
    found = short.encode(INPUTS, think="always")
    assert [rationale and rationale.ending for rationale in found.rationales] == [Ending.LENGTH] * 7


def test_progress_counts_skipped_inputs(tiny_encoder):
    calls: list[tuple[object, ...]] = []
    inputs = ["red", " ", "blue", "green", " "]
    tiny_encoder.encode(
        inputs,
        think="never",
        batch_size=2,
        on_error="skip",
        progress=lambda *call: calls.append(call),
    )
    assert calls == [(2, 5), (4, 5), (5, 5)]


def test_every_result_says_what_it_was_made_by(tiny_encoder, never, always):
    assert never.provenance == tiny_encoder.provenance(
        [ContentKind.PICTURE, ContentKind.TEXT], think="never"
    )
    assert never.provenance.instructions == ("Find the picture.",)
    assert never.provenance.decoding == ()
    assert "dtype=float32" in never.provenance.settings
    budget = f"budget={tiny_encoder.decode_options.budget}"
    assert budget in always.provenance.decoding
    assert always.provenance.settings == never.provenance.settings
    gate = gated(tiny_encoder, 0.25)
    assert "threshold=0.25" in gate.provenance((), think="auto").decoding
    assert "threshold=0.25" not in gate.provenance((), think="always").decoding
    mixed = tiny_encoder.encode(
        ["red", Message((VIOLET,), "Its own.", Side.QUERY)], instruction="All.", think="never"
    )
    assert mixed.provenance.instructions == ("All.", "Its own.")


def test_both_sides_have_calls_of_their_own_and_a_cosine(tiny_encoder):
    queries = tiny_encoder.encode_query(["red", "blue"], think="never")
    documents = tiny_encoder.encode_document(VIOLET, think="never", instruction="This.")
    assert (queries.provenance.side, documents.provenance.side) == (Side.QUERY, Side.DOCUMENT)
    assert documents.provenance.instructions == ("This.",)
    scores = tiny_encoder.similarity(queries, documents)
    np.testing.assert_allclose(scores, queries.vectors @ documents.vectors.T, atol=1e-6)


@pytest.mark.parametrize("think", ["never", "always"])
def test_weights_that_are_not_finite_give_no_vector(tiny_encoder, think):
    weight = tiny_encoder.local.backbone.network.model.language_model.norm.weight
    before = weight.detach().clone()
    try:
        with torch.no_grad():
            weight[3] = torch.nan
        with pytest.raises(ContentError, match=r"^input 0: the network's state is zero or not"):
            tiny_encoder.encode(["red", "blue"], think=think)
        found = tiny_encoder.encode(["red", "blue"], think=think, on_error="skip")
        assert found.mode == (Mode.SKIPPED, Mode.SKIPPED)
        assert all("not finite" in error for error in found.errors)
        assert np.isnan(found.vectors).all()
    finally:
        with torch.no_grad():
            weight.copy_(before)


def test_a_description_is_one_short_line(tiny_encoder):
    assert repr(tiny_encoder) == (
        f"<ReasoningEncoder tiny@{tiny_encoder.revision}: Forethought, 32 dimensions, cpu, no gate>"
    )
    assert "gate at 0.25" in repr(gated(tiny_encoder, 0.25))
    assert len(repr(tiny_encoder.encode(["red"], think="never"))) < 200


def test_a_bar_shows_progress(tiny_encoder, capsys):
    tiny_encoder.encode(["red", "blue", "green"], think="never", batch_size=2, progress=True)
    captured = capsys.readouterr()
    assert "3/3" in captured.err
    assert captured.out == ""


def test_a_gate_that_is_not_finite_is_refused(tiny_encoder):
    gate = LogisticGate(torch.zeros(tiny_encoder.dimension), torch.nan, 0.5, "nothing")
    broken = dataclasses.replace(tiny_encoder, gate=gate)
    with pytest.raises(ModelError, match="the gate's probability is not finite; encode with"):
        broken.encode(["red"], think="auto")
    assert broken.encode(["red"], think="never").mode == (Mode.DIRECT,)
