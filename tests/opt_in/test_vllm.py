"""What vLLM writes against what the local engine writes, where vLLM is installed."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from forethought.backbones import ImageProcessor, VideoSettings
from forethought.encoders import ReasoningEncoder, as_messages, load
from forethought.engines import DecodeOptions, EarlyExit, Sampling, VllmEngine, reread
from forethought.errors import ModelError
from forethought.renderers import Tag
from forethought.types import Ending, FramePolicy, Image, Prompt, Side, Text, Video
from tests import published

# vLLM's own imports warn.
pytestmark = pytest.mark.filterwarnings("ignore")

GREEDY = DecodeOptions(48, Sampling())
DRAWN = DecodeOptions(48, Sampling(temperature=0.9, top_p=0.95, top_k=40))
GALLERY = sorted(Path("demo/gallery").rglob("*.png"))
SHOWN = [
    [Text("a red bus")],
    [Image(GALLERY[0])],
    [Image(GALLERY[11]), Text("What is this?")],
    [Text("Two of them:"), Image(GALLERY[3]), Image(GALLERY[2]), Text("which is older?")],
    [Text("a small wooden boat on a lake, in the morning")],
]


def rendered(encoder, shown=SHOWN):
    words = encoder.instructions[Side.QUERY]
    messages = as_messages(shown, side=Side.QUERY, instruction=words)
    return [encoder.renderer.render(message) for message in messages]


def everything(_, group):
    return range(len(group)), [math.nan] * len(group)


def run(engine, prompts, decode_options=GREEDY, **how):
    found = engine.run(prompts, decide=everything, decode_options=decode_options, **how)
    return sorted(found, key=lambda answer: answer.index)


def endings(answers):
    return [thought.ending for answer in answers for thought in answer.completions]


def check_same(theirs, ours):
    """The same rationales, and the same vectors but for rounding."""
    assert [answer.index for answer in theirs] == [answer.index for answer in ours]
    assert [answer.completions for answer in theirs] == [answer.completions for answer in ours]
    for one, other in zip(theirs, ours, strict=True):
        for a, b in zip([one.direct, *one.vectors], [other.direct, *other.vectors], strict=True):
            assert torch.cosine_similarity(a, b, dim=0) >= 0.9999


@pytest.fixture(scope="module")
def encoder():
    return load("nano", device="cpu", engine="vllm")


@pytest.fixture(scope="module")
def engine(encoder):
    return encoder.engine


@pytest.fixture(scope="module")
def prompts(encoder):
    return rendered(encoder)


def ruled(engine, **completion_format):
    """The same engine under other rules of writing."""
    rules = replace(engine.reader.completion_format, **completion_format)
    return replace(engine, reader=replace(engine.reader, completion_format=rules))


@pytest.mark.parametrize("budget", [48, 5, 1])
def test_greedy_rationales_and_vectors_are_the_local_engines(engine, prompts, budget):
    theirs = run(engine, prompts, replace(GREEDY, budget=budget))
    check_same(theirs, run(engine.reader, prompts, replace(GREEDY, budget=budget)))
    assert {*endings(theirs)} == {Ending.EMBED if budget == 48 else Ending.LENGTH}


def test_what_is_decided_against_is_not_thought_about(engine, prompts):
    answers = engine.run(
        prompts, decide=lambda _, group: ([0], [0.25] * len(group)), decode_options=GREEDY, rows=2
    )
    thought = [answer for answer in answers if answer.completions]
    assert 0 < len(thought) < len(prompts)
    assert {answer.gate for answer in thought} == {0.25}


def test_samples_are_drawn_apart_and_read_at_their_embed_token(engine, prompts):
    answers = run(engine, prompts, DRAWN, samples=3, seed=5)
    for answer in answers:
        assert len({thought.token_ids for thought in answer.completions}) > 1
        read = reread(
            engine.backbone,
            [prompts[answer.index]] * 3,
            [thought.token_ids for thought in answer.completions],
            pad_id=engine.pad_id,
            limits=engine.limits,
        )
        assert torch.cosine_similarity(torch.stack(answer.vectors), read).min() >= 0.9999


def test_thinking_alone_gives_the_same_without_a_direct_vector(engine, prompts):
    states, completions = engine.think(prompts, GREEDY)
    answers = run(engine.reader, prompts)
    assert completions == tuple(answer.completions[0] for answer in answers)
    ours = torch.stack([answer.vectors[0] for answer in answers])
    assert torch.cosine_similarity(states, ours).min() >= 0.9999


def test_greedy_samples_are_all_one(engine, prompts):
    theirs = run(engine, prompts[:3], samples=2)
    check_same(theirs, run(engine.reader, prompts[:3], samples=2))


def test_a_seed_repeats_what_is_drawn_whatever_is_beside_it(engine, prompts):
    first, again, fewer, other = (
        [answer.completions for answer in run(engine, some, DRAWN, samples=2, seed=seed)]
        for some, seed in ((prompts, 3), (prompts, 3), (prompts[:2], 3), (prompts, 4))
    )
    assert first == again
    assert first[:2] == fewer
    assert first != other


def test_no_forbidden_token_is_ever_written(engine, prompts):
    wild = DecodeOptions(24, Sampling(temperature=2.0))
    # Whatever starts its usual rationale is forbidden too, so that it would be wanted.
    first = run(engine, prompts[:1])[0].completions[0].token_ids[0]
    shut = (*engine.completion_format.forbidden, first, *range(1000, 5000))
    for decode_options in (wild, GREEDY):
        strict = ruled(engine, forbidden=shut)
        written = {
            token
            for answer in run(strict, prompts * 4, decode_options, seed=1)
            for thought in answer.completions
            for token in thought.token_ids
        }
        assert not written & {*shut}
    free = run(engine, prompts * 4, wild, seed=1)
    assert {token for answer in free for t in answer.completions for token in t.token_ids} & {*shut}


def test_a_row_that_repeats_itself_is_closed_at_the_same_token(engine, prompts):
    completion_format = engine.completion_format
    shut = (*completion_format.forbidden, completion_format.embed_id, *completion_format.end_ids)
    endless = ruled(engine, forbidden=shut, end_ids=())
    decode_options = DecodeOptions(160, Sampling(), repeats=3)
    theirs = run(endless, prompts, decode_options)
    check_same(theirs, run(endless.reader, prompts, decode_options))
    assert Ending.LOOP in endings(theirs)
    patient = run(endless, prompts, replace(decode_options, repeats=0))
    assert {*endings(patient)} == {Ending.LENGTH}


def test_a_row_that_ends_its_turn_is_closed_as_malformed(encoder, engine, prompts):
    close = encoder.renderer.layout.token_id(Tag.THINK_END)
    quitting = ruled(engine, end_ids=(close,))
    theirs = run(quitting, prompts)
    check_same(theirs, run(quitting.reader, prompts))
    assert endings(theirs).count(Ending.MALFORMED) > 1


def test_a_forced_start_counts_as_written(engine, prompts):
    forced = ruled(engine, start=(7, 501))
    for budget in (1, 2, 3, 48):
        decode_options = replace(GREEDY, budget=budget)
        theirs = run(forced, prompts, decode_options)
        check_same(theirs, run(forced.reader, prompts, decode_options))


def test_a_prompt_that_leaves_no_room_is_refused(engine):
    long = Prompt((20,) * 512, (), 511, 511)
    with pytest.raises(ModelError, match=r"511 tokens leaves no room .* context of 512: shorten"):
        run(engine, [long])


@pytest.mark.parametrize(
    ("decode_options", "said"),
    [
        (
            DecodeOptions(24, Sampling(temperature=2.5)),
            "at most at temperature 2.0 .* temperature 2.5",
        ),
        (DecodeOptions(24, early_exit=EarlyExit()), "asked for settle: use engine='local'"),
    ],
)
def test_what_vllm_cannot_do_is_refused(engine, prompts, decode_options, said):
    with pytest.raises(ModelError, match=said):
        run(engine, prompts, decode_options)


def test_a_prompt_that_is_dropped_is_not_answered(engine, prompts):
    answers = run(engine, prompts, dropped={1, 3})
    assert [answer.index for answer in answers] == [0, 2, 4]


def test_a_video_is_refused_by_name(encoder, engine):
    layout = encoder.renderer.layout
    image_processor = ImageProcessor(
        min_pixels=3136,
        max_pixels=50_000,
        video=VideoSettings(FramePolicy(count=2), min_pixels=3136, max_pixels=30_000),
    )
    watching = replace(
        encoder,
        renderer=replace(encoder.renderer, layout=replace(layout, image_processor=image_processor)),
    )
    film = Video([np.full((56, 56, 3), level, np.uint8) for level in (20, 200)])
    with pytest.raises(ModelError, match="is shown no videos; embed them with engine='local'"):
        run(engine, rendered(watching, [[film]]))


@pytest.mark.parametrize("think", ["always", "auto", "never"])
def test_an_encoder_gives_the_same_vectors_on_either_engine(encoder, think):
    theirs = encoder.encode(SHOWN, think=think)
    ours = replace(encoder, engine=encoder.local).encode(SHOWN, think=think)
    assert theirs.mode == ours.mode
    assert theirs.rationales == ours.rationales
    assert (theirs.vectors * ours.vectors).sum(1).min() >= 0.9999


@pytest.mark.parametrize("family", ["ume_r1", "rge", "mmemb_r1"])
def test_published_families_write_and_read_the_same(family, tmp_path):
    # On a CPU vLLM has no attention for heads of 16.
    folder = published.make(family, tmp_path / family, head=32)
    other = load(folder, device="cpu", engine="vllm")
    assert isinstance(other, ReasoningEncoder)
    assert isinstance(other.engine, VllmEngine)
    prompts = rendered(other)
    for budget in (48, 3):
        decode_options = replace(GREEDY, budget=budget)
        theirs = run(other.engine, prompts, decode_options)
        check_same(theirs, run(other.local, prompts, decode_options))
        if family == "rge":
            assert 1 in {len(answer.completions[0].token_ids) for answer in theirs}
