"""Every family, mode and kind of input against the procedure of its model card.

`pytest tests/parity -v` prints the matrix.
"""

import dataclasses

import numpy as np
import pytest
import torch

from forethought.encoders import EncodeOptions, LogisticGate, load
from forethought.types import Ending, Mode, Side
from tests import published
from tests.parity.inputs import (
    BUDGET,
    CLOSE,
    INPUTS,
    KINDS,
    PIXELS,
    PLAIN,
    THINKERS,
    message,
    picture,
)
from tests.parity.reference import Reference


def check(found, expected):
    vector = torch.from_numpy(found.vectors[0])
    assert float(vector @ expected.vector) >= CLOSE
    assert np.isclose(np.linalg.norm(found.vectors[0]), 1, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", [*THINKERS, *PLAIN])
def test_direct(alone, references, family, kind):
    found = alone[family, kind, "never"]
    check(found, references[family].direct(INPUTS[kind]))
    assert found.mode == (Mode.DIRECT,)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", THINKERS)
def test_thought(alone, encoders, references, family, kind):
    found = alone[family, kind, "always"]
    expected = references[family].thought(INPUTS[kind])
    check(found, expected)
    assert found.mode == (Mode.THOUGHT,)
    assert found.tokens.tolist() == [len(expected.token_ids)]
    renderer = encoders[family].renderer
    ending = found.rationales[0].ending
    assert found.rationales[0] == renderer.read(expected.token_ids, ending=ending)


@pytest.mark.parametrize("kind", KINDS)
def test_adaptive_mmemb_r1(encoders, references, kind):
    given, encoder = INPUTS[kind], encoders["mmemb_r1"]
    found = encoder.encode([message(given)], think="auto")
    gate = references["mmemb_r1"].gate(given)
    assert np.isclose(found.gate[0], gate, atol=1e-5)
    thinks = gate >= 0.5
    expected = references["mmemb_r1"].thought if thinks else references["mmemb_r1"].direct
    check(found, expected(given))
    assert found.mode == (Mode.THOUGHT if thinks else Mode.DIRECT,)


def gated(encoder):
    """UME-R1 with a gate, as it has none, that chooses about half of the inputs."""
    weight = torch.randn(encoder.dimension, generator=torch.Generator().manual_seed(2))
    return dataclasses.replace(encoder, gate=LogisticGate(weight * 3, 0.0, 0.5, "nothing"))


@pytest.mark.parametrize("kind", KINDS)
def test_adaptive_ume_r1(encoders, references, kind):
    given, encoder = INPUTS[kind], gated(encoders["ume_r1"])
    found = encoder.encode([message(given)], think="auto")
    direct = references["ume_r1"].direct(given)
    gate = float(torch.sigmoid(direct.vector @ encoder.gate.weight))
    assert np.isclose(found.gate[0], gate, atol=1e-4)
    thinks = gate >= 0.5
    check(found, references["ume_r1"].thought(given) if thinks else direct)
    assert found.mode == (Mode.THOUGHT if thinks else Mode.DIRECT,)


def test_the_gate_of_ume_r1_chooses_both_modes_here(encoders):
    found = gated(encoders["ume_r1"]).encode([message(given) for given in INPUTS.values()])
    assert set(found.mode) == {Mode.DIRECT, Mode.THOUGHT}


@pytest.mark.parametrize("kind", KINDS)
def test_adaptive_rge(encoders, references, kind):
    given, encoder = INPUTS[kind], encoders["rge"]
    query = encoder.encode([message(given)], side="query", think="auto")
    document = encoder.encode([message(given, Side.DOCUMENT)], side="document", think="auto")
    check(query, references["rge"].thought(given))
    check(document, references["rge"].direct(given))


def test_the_gate_of_mmemb_r1_chooses_both_modes_here(encoders):
    # Assumed by the adaptive tests.
    found = encoders["mmemb_r1"].encode([message(given) for given in INPUTS.values()])
    assert set(found.mode) == {Mode.DIRECT, Mode.THOUGHT}


@pytest.mark.parametrize("family", THINKERS)
def test_completions_end_at_different_steps_here(alone, family):
    # Assumed by the thought tests: some end by themselves, some are cut.
    endings = {alone[family, kind, "always"].rationales[0].ending for kind in KINDS}
    lengths = {int(alone[family, kind, "always"].tokens[0]) for kind in KINDS}
    assert {Ending.LENGTH, Ending.MALFORMED} <= endings or family == "rge"
    assert len(lengths) > 1


ORDERS = {"sorted": [0, 1, 2, 3, 4, 5], "mixed": [4, 0, 5, 2, 1, 3], "twice": [3, 0, 0, 4]}


@pytest.mark.parametrize("order", ORDERS.values(), ids=list(ORDERS))
@pytest.mark.parametrize("think", ["never", "always"])
@pytest.mark.parametrize("family", [*THINKERS, *PLAIN])
def test_batch(encoders, alone, family, think, order):
    if think == "always" and family in PLAIN:
        pytest.skip("a direct embedder never thinks")
    kinds = [KINDS[index] for index in order]
    found = encoders[family].encode(
        [message(INPUTS[kind]) for kind in kinds], think=think, batch_size=4
    )
    for row, kind in enumerate(kinds):
        expected = alone[family, kind, think]
        assert float(found.vectors[row] @ expected.vectors[0]) >= CLOSE
        assert found.tokens[row] == expected.tokens[0]
        assert found.rationales[row] == expected.rationales[0]


@pytest.mark.parametrize("family", THINKERS)
def test_another_call_in_between_changes_nothing(encoders, alone, family):
    encoder = encoders[family]
    prompt = encoder.renderer.render(message(INPUTS["video-image-text"]))
    prefill = encoder.engine.prefill([prompt])
    encoder.encode([message(INPUTS["two-images"]), message(INPUTS["text"])], think="never")
    hidden, _ = encoder.engine.generate(
        prefill, [0], budget=BUDGET, sampling=encoder.decode_options.sampling
    )
    expected = torch.from_numpy(alone[family, "video-image-text", "always"].vectors[0])
    assert float(torch.nn.functional.normalize(hidden[0], dim=-1) @ expected) >= CLOSE


@pytest.mark.parametrize("budget", [1, 2, 5])
@pytest.mark.parametrize("family", THINKERS)
def test_cut_at_the_limit(folders, family, budget):
    given = INPUTS["image-and-text"]
    reference = Reference(family, folders[family], pixels=PIXELS, budget=budget)
    encoder = load(
        folders[family],
        family=family,
        device="cpu",
        encode_options=EncodeOptions(min_pixels=PIXELS[0], max_pixels=PIXELS[1], budget=budget),
    )
    if family == "mmemb_r1" and budget == 1:
        pytest.skip("its first token is the action: nothing is left to generate")
    found = encoder.encode([message(given)], think="always")
    check(found, reference.thought(given))
    assert found.rationales[0] is not None
    short = found.rationales[0].ending is Ending.MALFORMED
    assert short or found.tokens[0] == budget + 1
    assert not short or budget == 5


# Pixels, pixels of a frame, and frames, as published in the cards and evaluation code.
PUBLISHED = {
    "ume_r1": ((784, 2_359_296), (784, 2_359_296), 8),
    "rge": ((200_704, 802_816), (100_352, 602_112), 12),
    "mmemb_r1": ((3136, 40_000), (131_072, 786_432), 12),
    "qwen3_vl_embedding": ((4096, 1_843_200), (131_072, 786_432), 12),
    "vlm2vec": ((3136, 1_003_520), (3136, 1_003_520), 8),
}


@pytest.mark.parametrize("kind", ["image-and-text", "video"])
@pytest.mark.parametrize("family", PUBLISHED)
def test_published_settings(folders, family, kind):
    pixels, frame_pixels, count = PUBLISHED[family]
    frames = tuple(picture(70, 84, seed) for seed in range(20, 32))
    chosen = [int(index) for index in np.linspace(0, 11, count)]
    given = expected = INPUTS[kind]
    if kind == "video":
        given = dataclasses.replace(given, frames=frames)
        expected = dataclasses.replace(
            given, frames=tuple(frames[i] for i in chosen), frames_per_second=count / 12 * 2
        )
    reference = Reference(
        family, folders[family], pixels=pixels, frame_pixels=frame_pixels, budget=3
    )
    encoder = published.loaded(folders[family], family=family)
    if family in {"mmemb_r1", "qwen3_vl_embedding"} and kind == "video":
        # Their prompts have each frame's time, which the reference computes for even steps only.
        assert chosen == list(range(12))
    check(encoder.encode([message(given)], think="never"), reference.direct(expected))
