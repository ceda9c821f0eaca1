"""Every family, road and kind of input against its model card's procedure.

`pytest tests/parity -v` prints the matrix.
"""

import dataclasses

import numpy as np
import pytest
import torch

from forethought.encoders import LogisticGate, Reading, load
from forethought.types import (
    Content,
    Ending,
    FramePolicy,
    Image,
    Message,
    Mode,
    Rationale,
    Side,
    Text,
    Video,
)
from tests import published
from tests.parity.reference import Reference, Shown

PIXELS = (3136, 20_000)
BUDGET = 14
FRAMES = FramePolicy(count=5)
THINKERS = ("ume_r1", "rge", "mmemb_r1")
PLAIN = ("qwen3_vl_embedding", "vlm2vec")
CLOSE = 0.99999


def picture(height, width, seed):
    """Blocks of colour with noise on them: no two alike, nothing flat."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (height // 20 + 1, width // 20 + 1, 3))
    big = np.kron(blocks, np.ones((20, 20, 1)))[:height, :width]
    return (big * 0.8 + rng.integers(0, 50, (height, width, 3))).astype(np.uint8)


SHOWN = {
    "text": Shown("Find the picture:", "a red square beside two blue ones"),
    "image": Shown("Represent the given image.", pictures=(picture(90, 131, 1),)),
    "image-and-text": Shown(
        "Answer the question:", "what is in it?", pictures=(picture(64, 200, 2),)
    ),
    "two-images": Shown(
        "Compare:", "which is the older?", pictures=(picture(56, 56, 3), picture(140, 70, 4))
    ),
    "video": Shown("Watch this:", frames=tuple(picture(70, 84, s) for s in range(5, 9))),
    "video-image-text": Shown(
        "Find the clip:",
        "the one with this on it",
        pictures=(picture(100, 60, 9),),
        frames=tuple(picture(60, 100, s) for s in range(10, 15)),
    ),
}
KINDS = tuple(SHOWN)


def message(shown, side=Side.QUERY):
    """The same input as a caller of the library would show it."""
    content: list[Content] = []
    if shown.frames:
        content.append(Video(list(shown.frames)))
    content += [Image(pixels) for pixels in shown.pictures]
    if shown.words:
        content.append(Text(shown.words))
    return Message(tuple(content), shown.instruction, side)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("published")
    return {family: published.make(family, home / family) for family in published.MADE}


@pytest.fixture(scope="session")
def encoders(folders):
    reading = Reading(
        min_pixels=PIXELS[0],
        max_pixels=PIXELS[1],
        frame_min_pixels=PIXELS[0],
        frame_max_pixels=PIXELS[1],
        frames=FRAMES,
        budget=BUDGET,
    )
    return {
        family: load(folder, family=family, device="cpu", reading=reading)
        for family, folder in folders.items()
    }


@pytest.fixture(scope="session")
def references(folders):
    return {
        family: Reference(family, folder, pixels=PIXELS, budget=BUDGET)
        for family, folder in folders.items()
    }


@pytest.fixture(scope="session")
def alone(encoders):
    """Every input by itself: what batches are compared with."""
    return {
        (family, kind, think): encoder.encode([message(SHOWN[kind])], think=think)
        for family, encoder in encoders.items()
        for kind in KINDS
        for think in ("never", "always")
        if family in THINKERS or think == "never"
    }


def check(found, reference, row=0):
    vector = torch.from_numpy(found.vectors[row])
    assert float(vector @ reference.vector) >= CLOSE
    assert np.isclose(np.linalg.norm(found.vectors[row]), 1, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", [*THINKERS, *PLAIN])
def test_direct(alone, references, family, kind):
    found = alone[family, kind, "never"]
    check(found, references[family].direct(SHOWN[kind]))
    assert found.mode == (Mode.DIRECT,)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", THINKERS)
def test_thought(alone, references, family, kind):
    found = alone[family, kind, "always"]
    expected = references[family].thought(SHOWN[kind])
    check(found, expected)
    assert found.mode == (Mode.THOUGHT,)
    assert found.tokens.tolist() == [len(expected.written)]


@pytest.mark.parametrize("kind", KINDS)
def test_adaptive_mmemb_r1(encoders, references, kind):
    shown, encoder = SHOWN[kind], encoders["mmemb_r1"]
    found = encoder.encode([message(shown)], think="auto")
    gate = references["mmemb_r1"].gate(shown)
    assert np.isclose(found.gate[0], gate, atol=1e-5)
    thinks = gate >= 0.5
    expected = references["mmemb_r1"].thought if thinks else references["mmemb_r1"].direct
    check(found, expected(shown))
    assert found.mode == (Mode.THOUGHT if thinks else Mode.DIRECT,)


def gated(encoder):
    """UME-R1 comes without a gate: one that opens for about half of the inputs."""
    weight = torch.randn(encoder.dimension, generator=torch.Generator().manual_seed(2))
    return dataclasses.replace(encoder, gate=LogisticGate(weight * 3, 0.0, 0.5, "nothing"))


@pytest.mark.parametrize("kind", KINDS)
def test_adaptive_ume_r1(encoders, references, kind):
    shown, encoder = SHOWN[kind], gated(encoders["ume_r1"])
    found = encoder.encode([message(shown)], think="auto")
    direct = references["ume_r1"].direct(shown)
    gate = float(torch.sigmoid(direct.vector @ encoder.gate.weight))
    assert np.isclose(found.gate[0], gate, atol=1e-4)
    thinks = gate >= 0.5
    check(found, references["ume_r1"].thought(shown) if thinks else direct)
    assert found.mode == (Mode.THOUGHT if thinks else Mode.DIRECT,)


def test_the_gate_of_ume_r1_takes_both_roads_here(encoders):
    found = gated(encoders["ume_r1"]).encode([message(shown) for shown in SHOWN.values()])
    assert set(found.mode) == {Mode.DIRECT, Mode.THOUGHT}


@pytest.mark.parametrize("kind", KINDS)
def test_adaptive_rge(encoders, references, kind):
    shown, encoder = SHOWN[kind], encoders["rge"]
    query = encoder.encode([message(shown)], side="query", think="auto")
    document = encoder.encode([message(shown, Side.DOCUMENT)], side="document", think="auto")
    check(query, references["rge"].thought(shown))
    check(document, references["rge"].direct(shown))


def test_the_gate_of_mmemb_r1_takes_both_roads_here(encoders):
    # What the adaptive rows rest on.
    found = encoders["mmemb_r1"].encode([message(shown) for shown in SHOWN.values()])
    assert set(found.mode) == {Mode.DIRECT, Mode.THOUGHT}


@pytest.mark.parametrize("family", THINKERS)
def test_rationales_end_at_their_own_step_here(alone, family):
    # What the thought rows rest on: some embed by themselves, some are cut.
    endings = {alone[family, kind, "always"].rationales[0].ending for kind in KINDS}
    lengths = {int(alone[family, kind, "always"].tokens[0]) for kind in KINDS}
    assert Ending.LENGTH in endings
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
        [message(SHOWN[kind]) for kind in kinds], think=think, batch_size=4
    )
    for row, kind in enumerate(kinds):
        expected = alone[family, kind, think]
        assert float(found.vectors[row] @ expected.vectors[0]) >= CLOSE
        assert found.tokens[row] == expected.tokens[0]
        assert found.rationales[row] == expected.rationales[0]


@pytest.mark.parametrize("family", THINKERS)
def test_another_call_in_between_changes_nothing(encoders, alone, family):
    encoder = encoders[family]
    prompt = encoder.renderer.render(message(SHOWN["video-image-text"]))
    prefill = encoder.engine.prefill([prompt])
    encoder.encode([message(SHOWN["two-images"]), message(SHOWN["text"])], think="never")
    hidden, _ = encoder.engine.think(prefill, [0], budget=BUDGET, sampling=encoder.sampling)
    expected = torch.from_numpy(alone[family, "video-image-text", "always"].vectors[0])
    assert float(torch.nn.functional.normalize(hidden[0], dim=-1) @ expected) >= CLOSE


@pytest.mark.parametrize("budget", [1, 2, 5])
@pytest.mark.parametrize("family", THINKERS)
def test_cut_at_the_limit(folders, family, budget):
    shown = SHOWN["image-and-text"]
    reference = Reference(family, folders[family], pixels=PIXELS, budget=budget)
    encoder = load(
        folders[family],
        family=family,
        device="cpu",
        reading=Reading(min_pixels=PIXELS[0], max_pixels=PIXELS[1], budget=budget),
    )
    if family == "mmemb_r1" and budget == 1:
        pytest.skip("its first token is the action: nothing is left to generate")
    found = encoder.encode([message(shown)], think="always")
    check(found, reference.thought(shown))
    assert found.rationales[0] is not None
    if found.rationales[0].ending is Ending.LENGTH:
        assert found.tokens[0] == budget + 1


# The four properties of every renderer


def parts(shown):
    made = [{"type": "video"}] if shown.frames else []
    return [*made, *[{"type": "image"}] * len(shown.pictures)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", [*THINKERS, *PLAIN])
def test_prompt_equals_the_chat_template(encoders, references, family, kind):
    prompt = encoders[family].renderer.render(message(SHOWN[kind]))
    expected = references[family].inputs(SHOWN[kind])["input_ids"][0].tolist()
    assert list(prompt.written_on) == expected


@pytest.mark.parametrize("family", THINKERS)
def test_a_training_text_starts_with_the_sampling_prompt(encoders, references, family):
    renderer = encoders[family].renderer
    prompt = renderer.render(message(SHOWN["text"]))
    answer = "" if family == "rge" else "a square"
    written = renderer.write(Rationale("it is red", answer, Ending.EMBED))
    said = renderer.layout.spoken((*prompt.written_on, *written))
    half, start, _ = said.partition("assistant\n")
    tokenizer = references[family].tokenizer
    assert tokenizer(half + start, add_special_tokens=False)["input_ids"] == [*prompt.written_on]
    assert tokenizer(said, add_special_tokens=False)["input_ids"] == [*prompt.written_on, *written]


@pytest.mark.parametrize("family", THINKERS)
@pytest.mark.parametrize("thinking", ["", "it is red,\n\nand square", "x" * 40])
def test_reading_undoes_writing(encoders, family, thinking):
    answer = "" if family == "rge" else "a square\n"
    rationale = Rationale(thinking, answer, Ending.EMBED)
    renderer = encoders[family].renderer
    written = renderer.write(rationale)
    cut = written[: written.index(renderer.grammar.embed_id) + 1]
    assert renderer.read(cut, ending=Ending.EMBED) == rationale


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", [*THINKERS, *PLAIN])
def test_the_direct_vector_is_read_at_its_token(encoders, references, family, kind):
    prompt = encoders[family].renderer.render(message(SHOWN[kind]))
    at = references[family].tokenizer.convert_ids_to_tokens(prompt.token_ids[prompt.read_at])
    embeds = {"ume_r1": "<disc_emb>", "rge": "<emb>", "mmemb_r1": "<emb>"}
    if family in embeds:
        assert at == embeds[family]
    else:
        assert prompt.read_at == len(prompt.token_ids) - 1
