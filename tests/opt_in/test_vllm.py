"""The vLLM engine against the local engine, where vLLM is installed."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.stock_folder import stock_folder
from forethought.backbones import ImageProcessor, VideoSettings
from forethought.encoders import ReasoningEncoder, as_messages, load
from forethought.engines import DecodeOptions, EarlyExit, Sampling, VllmEngine, teacher_force
from forethought.errors import ModelError
from forethought.renderers import Tag
from forethought.types import Ending, FramePolicy, Image, Prompt, Side, Text, Video
from tests import published

# vLLM's own imports warn.
pytestmark = pytest.mark.filterwarnings("ignore")

GREEDY = DecodeOptions(48, Sampling())
SAMPLED = DecodeOptions(48, Sampling(temperature=0.9, top_p=0.95, top_k=40))
GALLERY = sorted(Path("demo/gallery").rglob("*.png"))
INPUTS = [
    [Text("a red bus")],
    [Image(GALLERY[0])],
    [Image(GALLERY[11]), Text("What is this?")],
    [Text("Two of them:"), Image(GALLERY[3]), Image(GALLERY[2]), Text("which is older?")],
    [Text("a small wooden boat on a lake, in the morning")],
]


def rendered(encoder, inputs=INPUTS):
    instruction = encoder.instructions[Side.QUERY]
    messages = as_messages(inputs, side=Side.QUERY, instruction=instruction)
    return [encoder.renderer.render(message) for message in messages]


def all_decode(_, group):
    return range(len(group)), [math.nan] * len(group)


def run(engine, prompts, options=GREEDY, **settings):
    found = engine.run(prompts, decide=all_decode, decode_options=options, **settings)
    return sorted(found, key=lambda output: output.index)


def endings(outputs):
    return [completion.ending for output in outputs for completion in output.completions]


def check_same(theirs, ours):
    """The same completions, and the same vectors up to rounding."""
    assert [output.index for output in theirs] == [output.index for output in ours]
    assert [output.completions for output in theirs] == [output.completions for output in ours]
    for one, other in zip(theirs, ours, strict=True):
        for a, b in zip([one.direct, *one.vectors], [other.direct, *other.vectors], strict=True):
            assert torch.cosine_similarity(a, b, dim=0) >= 0.9999


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = stock_folder("nano", tmp_path_factory.mktemp("stock"))
    return load(folder, device="cpu", engine="vllm")


@pytest.fixture(scope="module")
def engine(encoder):
    return encoder.engine


@pytest.fixture(scope="module")
def prompts(encoder):
    return rendered(encoder)


def with_format(engine, **changes):
    """The same engine with another completion format."""
    form = replace(engine.local.completion_format, **changes)
    return replace(engine, local=replace(engine.local, completion_format=form))


@pytest.mark.parametrize("budget", [48, 5, 1])
def test_greedy_completions_and_vectors_equal_the_local_engines(engine, prompts, budget):
    theirs = run(engine, prompts, replace(GREEDY, budget=budget))
    check_same(theirs, run(engine.local, prompts, replace(GREEDY, budget=budget)))
    assert {*endings(theirs)} == {Ending.EMBED if budget == 48 else Ending.LENGTH}


def test_only_the_chosen_rows_decode(engine, prompts):
    outputs = engine.run(
        prompts, decide=lambda _, group: ([0], [0.25] * len(group)), decode_options=GREEDY, rows=2
    )
    decoded = [output for output in outputs if output.completions]
    assert 0 < len(decoded) < len(prompts)
    assert {output.gate for output in decoded} == {0.25}


def test_samples_differ_and_have_the_vectors_of_their_embed_tokens(engine, prompts):
    outputs = run(engine, prompts, SAMPLED, samples=3, seed=5)
    for output in outputs:
        assert len({completion.token_ids for completion in output.completions}) > 1
        expected = teacher_force(
            engine.backbone,
            [prompts[output.index]] * 3,
            [completion.token_ids for completion in output.completions],
            pad_id=engine.pad_id,
            limits=engine.limits,
        )
        assert torch.cosine_similarity(torch.stack(output.vectors), expected).min() >= 0.9999


def test_generate_gives_the_same_without_direct_vectors(engine, prompts):
    states, completions = engine.generate(prompts, GREEDY)
    outputs = run(engine.local, prompts)
    assert completions == tuple(output.completions[0] for output in outputs)
    ours = torch.stack([output.vectors[0] for output in outputs])
    assert torch.cosine_similarity(states, ours).min() >= 0.9999


def test_greedy_samples_are_equal(engine, prompts):
    theirs = run(engine, prompts[:3], samples=2)
    check_same(theirs, run(engine.local, prompts[:3], samples=2))


def test_the_same_seed_samples_the_same_beside_any_prompts(engine, prompts):
    first, again, fewer, other = (
        [output.completions for output in run(engine, some, SAMPLED, samples=2, seed=seed)]
        for some, seed in ((prompts, 3), (prompts, 3), (prompts[:2], 3), (prompts, 4))
    )
    assert first == again
    assert first[:2] == fewer
    assert first != other


def test_no_forbidden_token_is_ever_sampled(engine, prompts):
    wild = DecodeOptions(24, Sampling(temperature=2.0))
    # The first token of the greedy completion is forbidden too.
    first = run(engine, prompts[:1])[0].completions[0].token_ids[0]
    forbidden = (*engine.completion_format.forbidden, first, *range(1000, 5000))
    for options in (wild, GREEDY):
        strict = with_format(engine, forbidden=forbidden)
        decoded = {
            token
            for output in run(strict, prompts * 4, options, seed=1)
            for completion in output.completions
            for token in completion.token_ids
        }
        assert not decoded & {*forbidden}
    free = run(engine, prompts * 4, wild, seed=1)
    assert {token for output in free for t in output.completions for token in t.token_ids} & {
        *forbidden
    }


def test_a_loop_ends_at_the_same_token(engine, prompts):
    completion_format = engine.completion_format
    forbidden = (
        *completion_format.forbidden,
        completion_format.embed_id,
        *completion_format.end_ids,
    )
    endless = with_format(engine, forbidden=forbidden, end_ids=())
    options = DecodeOptions(160, Sampling(), repeats=3)
    theirs = run(endless, prompts, options)
    check_same(theirs, run(endless.local, prompts, options))
    assert Ending.LOOP in endings(theirs)
    undetected = run(endless, prompts, replace(options, repeats=0))
    assert {*endings(undetected)} == {Ending.LENGTH}


def test_a_row_that_ends_its_turn_is_malformed(encoder, engine, prompts):
    close = encoder.renderer.layout.token_id(Tag.THINK_END)
    quitting = with_format(engine, end_ids=(close,))
    theirs = run(quitting, prompts)
    check_same(theirs, run(quitting.local, prompts))
    assert endings(theirs).count(Ending.MALFORMED) > 1


def test_a_forced_start_counts_towards_the_budget(engine, prompts):
    forced = with_format(engine, start=(7, 501))
    for budget in (1, 2, 3, 48):
        options = replace(GREEDY, budget=budget)
        theirs = run(forced, prompts, options)
        check_same(theirs, run(forced.local, prompts, options))


def test_a_prompt_that_fills_the_context_is_refused(engine):
    long = Prompt((20,) * 512, (), 511, 511)
    with pytest.raises(ModelError, match=r"511 tokens leaves no room .* context of 512: shorten"):
        run(engine, [long])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            DecodeOptions(24, Sampling(temperature=2.5)),
            "at most 2.0, got 2.5",
        ),
        (
            DecodeOptions(24, early_exit=EarlyExit()),
            "no hidden states for early_exit: use engine='local'",
        ),
    ],
)
def test_options_without_support_in_vllm_are_refused(engine, prompts, options, message):
    with pytest.raises(ModelError, match=message):
        run(engine, prompts, options)


def test_a_cancelled_prompt_has_no_output(engine, prompts):
    outputs = run(engine, prompts, cancelled={1, 3})
    assert [output.index for output in outputs] == [0, 2, 4]


def test_a_video_is_refused(encoder, engine):
    layout = encoder.renderer.layout
    processor = ImageProcessor(
        min_pixels=3136,
        max_pixels=50_000,
        video=VideoSettings(FramePolicy(count=2), min_pixels=3136, max_pixels=30_000),
    )
    with_video = replace(
        encoder,
        renderer=replace(encoder.renderer, layout=replace(layout, image_processor=processor)),
    )
    video = Video([np.full((56, 56, 3), level, np.uint8) for level in (20, 200)])
    with pytest.raises(ModelError, match="takes no videos; embed them with engine='local'"):
        run(engine, rendered(with_video, [[video]]))


@pytest.mark.parametrize("think", ["always", "auto", "never"])
def test_an_encoder_gives_the_same_vectors_with_either_engine(encoder, think):
    theirs = encoder.encode(INPUTS, think=think)
    ours = replace(encoder, engine=encoder.local).encode(INPUTS, think=think)
    assert theirs.mode == ours.mode
    assert theirs.rationales == ours.rationales
    assert (theirs.vectors * ours.vectors).sum(1).min() >= 0.9999


@pytest.mark.parametrize("family", ["ume_r1", "rge", "mmemb_r1"])
def test_published_families_give_the_same(family, tmp_path):
    # On a CPU vLLM has no attention for heads of 16.
    folder = published.make(family, tmp_path / family, head=32)
    other = load(folder, device="cpu", engine="vllm")
    assert isinstance(other, ReasoningEncoder)
    assert isinstance(other.engine, VllmEngine)
    prompts = rendered(other)
    for budget in (48, 3):
        options = replace(GREEDY, budget=budget)
        theirs = run(other.engine, prompts, options)
        check_same(theirs, run(other.local, prompts, options))
        if family == "rge":
            assert 1 in {len(output.completions[0].token_ids) for output in theirs}
