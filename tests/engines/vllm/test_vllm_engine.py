"""What needs no vLLM; what does is in tests/opt_in."""

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
    shown = ["green, square", "orange", "a violet square, and another"]
    messages = as_messages(shown, side=Side.QUERY, instruction="Find it.")
    return [tiny_encoder.renderer.render(message) for message in messages]


@pytest.fixture(scope="module")
def engine(tiny_encoder):
    return VllmEngine(tiny_encoder.engine, writer=None)


def every(_, group):
    return range(len(group)), [math.nan] * len(group)


def test_it_is_an_engine(engine, tiny_encoder):
    assert isinstance(engine, Engine)
    assert engine.limits == tiny_encoder.engine.limits


def test_without_a_manner_it_answers_as_its_reader_does(engine, prompts):
    theirs, ours = (
        sorted(one.run(prompts, decide=every, decode_options=None), key=lambda answer: answer.index)
        for one in (engine, engine.reader)
    )
    for a, b in zip(theirs, ours, strict=True):
        assert a.index == b.index
        assert a.completions == ()
        torch.testing.assert_close(a.direct, b.direct)


def test_a_budget_that_what_is_forced_uses_up_needs_no_writer(engine, prompts):
    rules = dataclasses.replace(engine.completion_format, start=(9, 10, 12))
    forced = VllmEngine(dataclasses.replace(engine.reader, completion_format=rules), writer=None)
    for samples in (1, 3):
        theirs, ours = (
            sorted(
                one.run(prompts, decide=every, decode_options=DecodeOptions(2), samples=samples),
                key=lambda answer: answer.index,
            )
            for one in (forced, forced.reader)
        )
        for a, b in zip(theirs, ours, strict=True):
            assert a.completions == b.completions
            assert {thought.ending for thought in a.completions} == {Ending.LENGTH}
            assert len(a.vectors) == samples
            torch.testing.assert_close(
                torch.stack(a.vectors), torch.stack(b.vectors), atol=1e-4, rtol=1e-4
            )


def test_a_prompt_that_is_dropped_is_not_answered(engine, prompts):
    answers = engine.run(prompts, decide=every, decode_options=None, dropped={1})
    assert {answer.index for answer in answers} == {0, 2}


def test_a_family_that_never_writes_is_refused_when_it_should(engine, prompts):
    mute = VllmEngine(dataclasses.replace(engine.reader, completion_format=None), writer=None)
    with pytest.raises(ModelError, match="writes no rationale; ask it with think='never'"):
        list(mute.run(prompts, decide=every, decode_options=DecodeOptions(2)))


def test_no_samples_are_refused(engine, prompts):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        list(engine.run(prompts, decide=every, decode_options=DecodeOptions(2), samples=0))
