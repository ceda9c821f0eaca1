"""What needs no vLLM; the rest is in tests/opt_in."""

import dataclasses
import math

import pytest
import torch

from forethought.encoders import as_messages
from forethought.engines import DecodeOptions, Engine, VllmEngine
from forethought.errors import ModelError
from forethought.types import Ending, Side


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    inputs = ["green, square", "orange", "a violet square, and another"]
    messages = as_messages(inputs, side=Side.QUERY, instruction="Find it.")
    return [tiny_encoder.renderer.render(message) for message in messages]


@pytest.fixture(scope="module")
def engine(tiny_encoder):
    return VllmEngine(tiny_encoder.engine, llm=None)


def all_decode(_, group):
    return range(len(group)), [math.nan] * len(group)


def test_it_is_an_engine(engine, tiny_encoder):
    assert isinstance(engine, Engine)
    assert engine.limits == tiny_encoder.engine.limits


def test_without_decode_options_outputs_are_the_local_engines(engine, prompts):
    theirs, ours = (
        sorted(
            one.run(prompts, decide=all_decode, decode_options=None),
            key=lambda output: output.index,
        )
        for one in (engine, engine.local)
    )
    for a, b in zip(theirs, ours, strict=True):
        assert a.index == b.index
        assert a.completions == ()
        torch.testing.assert_close(a.direct, b.direct)


def test_a_budget_within_the_forced_start_needs_no_vllm(engine, prompts):
    form = dataclasses.replace(engine.completion_format, start=(9, 10, 12))
    forced = VllmEngine(dataclasses.replace(engine.local, completion_format=form), llm=None)
    for samples in (1, 3):
        theirs, ours = (
            sorted(
                one.run(
                    prompts, decide=all_decode, decode_options=DecodeOptions(2), samples=samples
                ),
                key=lambda output: output.index,
            )
            for one in (forced, forced.local)
        )
        for a, b in zip(theirs, ours, strict=True):
            assert a.completions == b.completions
            assert {completion.ending for completion in a.completions} == {Ending.LENGTH}
            assert len(a.vectors) == samples
            torch.testing.assert_close(
                torch.stack(a.vectors), torch.stack(b.vectors), atol=1e-4, rtol=1e-4
            )


def test_a_cancelled_prompt_has_no_output(engine, prompts):
    outputs = engine.run(prompts, decide=all_decode, decode_options=None, cancelled={1})
    assert {output.index for output in outputs} == {0, 2}


def test_decoding_with_a_family_without_rationales_is_refused(engine, prompts):
    direct = VllmEngine(dataclasses.replace(engine.local, completion_format=None), llm=None)
    with pytest.raises(ModelError, match="writes no rationale; use think='never'"):
        list(direct.run(prompts, decide=all_decode, decode_options=DecodeOptions(2)))


def test_zero_samples_are_refused(engine, prompts):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        list(engine.run(prompts, decide=all_decode, decode_options=DecodeOptions(2), samples=0))
