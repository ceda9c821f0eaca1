"""Runs with little memory, cancelled prompts, or nothing to decode."""

import dataclasses

import numpy as np
import pytest
import torch

from forethought.backbones import QwenVL
from forethought.engines import DecodeOptions, Engine, Limits, Sampling
from forethought.errors import ModelError
from forethought.types import Content, Image, Message, Side, Text

GREEDY = DecodeOptions(16, Sampling())
RED, GREEN, VIOLET = (
    Image(np.full((56, 56, 3), colour, np.uint8))
    for colour in ((220, 30, 30), (30, 180, 60), (150, 40, 200))
)
CONTENTS: list[tuple[Content, ...]] = [
    (Text("green, square"),),
    (RED,),
    (Text("blue, square, blue, square"),),
    (VIOLET, GREEN, Text("which of the two is it?")),
    (Text("red"),),
    (GREEN, Text("what?")),
]


OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory")


@pytest.fixture(scope="module")
def engine(tiny_encoder):
    return tiny_encoder.engine


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    return [
        tiny_encoder.renderer.render(Message(content, "Find the picture.", Side.QUERY))
        for content in CONTENTS
    ]


def all_decode(prefill, _group):
    return list(range(len(prefill.lengths))), [0.5] * len(prefill.lengths)


def outputs(engine, prompts, **how):
    settings = {"decide": all_decode, "decode_options": GREEDY} | how
    found = list(engine.run(prompts, **settings))
    assert len({output.index for output in found}) == len(found)
    return {output.index: output for output in found}


def same(output, expected):
    torch.testing.assert_close(output.direct, expected.direct, atol=1e-5, rtol=1e-4)
    assert output.completions == expected.completions
    for vector, other in zip(output.vectors, expected.vectors, strict=True):
        torch.testing.assert_close(vector, other, atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module")
def plain(engine, prompts):
    return outputs(engine, prompts)


def cramped(engine, most, error=OUT_OF_MEMORY):
    """The engine on a backbone that raises on more than `most` tokens; and the size of each pass."""
    sizes = []

    class Cramped(QwenVL):
        def hidden_states(self, batch, *, cache=None):
            sizes.append(batch.token_ids.numel())
            if sizes[-1] > most:
                raise error
            return super().hidden_states(batch, cache=cache)

    made = dataclasses.replace(
        engine, backbone=Cramped(engine.backbone.network), limits=Limits(waste=1.0)
    )
    return made, sizes


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_a_group_too_large_for_memory_is_split(engine, prompts, plain, share):
    longest = max(len(prompt.token_ids) for prompt in prompts)
    most = max(longest, int(share * longest * len(prompts)))
    small, sizes = cramped(engine, most)
    found = outputs(small, prompts)
    # The whole group was tried first.
    assert sizes[0] == longest * len(prompts) > most
    assert found.keys() == plain.keys()
    for index, output in found.items():
        same(output, plain[index])


def test_a_single_prompt_too_large_for_memory_is_named(engine, prompts):
    lengths = [len(prompt.token_ids) for prompt in prompts]
    longest = int(np.argmax(lengths))
    small, _ = cramped(engine, max(lengths) - 1)
    message = (
        rf"prompt {longest}, of {max(lengths)} tokens with 2 pictures, does not fit into memory"
    )
    with pytest.raises(ModelError, match=message):
        outputs(small, prompts)
    small, _ = cramped(engine, 3)
    message = rf"prompt 0, of {lengths[0]} tokens, does not fit into memory by itself: shorten it"
    with pytest.raises(ModelError, match=message):
        outputs(small, prompts[:1])


def test_other_errors_are_raised_unchanged(engine, prompts):
    error = RuntimeError("a kernel is not there")
    broken, sizes = cramped(engine, 0, error)
    with pytest.raises(RuntimeError, match="a kernel is not there") as raised:
        outputs(broken, prompts)
    assert raised.value is error
    assert len(sizes) == 1


@pytest.mark.parametrize("cancelled", [{2}, {0, 5, 3}, [1], set(range(6))])
@pytest.mark.parametrize("rows", [2, 9])
def test_cancelled_prompts_have_no_output_and_the_others_are_unchanged(
    engine, prompts, plain, cancelled, rows
):
    found = outputs(engine, prompts, cancelled=cancelled, rows=rows)
    assert found.keys() == {*range(6)} - {*cancelled}
    for index, output in found.items():
        same(output, plain[index])


@pytest.mark.parametrize("rows", [2, 6])
def test_prompts_cancelled_during_the_run_have_no_output(engine, prompts, plain, rows):
    cancelled: set[int] = set()
    found = {}
    for output in engine.run(
        prompts, decide=all_decode, decode_options=GREEDY, rows=rows, cancelled=cancelled
    ):
        assert output.index not in cancelled
        found[output.index] = output
        if len(found) == 1:
            cancelled.update(set(range(0, 6, 2)) - {output.index})
    assert found.keys() == {*range(6)} - cancelled
    for index, output in found.items():
        same(output, plain[index])


def test_prompts_cancelled_during_their_prefill_decode_nothing(engine, prompts, plain):
    cancelled: set[int] = set()

    def decide(prefill, group):
        cancelled.update(index for index in group if index % 2)
        return all_decode(prefill, group)

    found = outputs(engine, prompts, decide=decide, cancelled=cancelled)
    assert found.keys() == {0, 2, 4}
    for index, output in found.items():
        same(output, plain[index])


@pytest.mark.parametrize("rows", [2, 6])
def test_all_prompts_may_be_cancelled_while_they_decode(engine, prompts, rows):
    cancelled: set[int] = set()
    found = []
    for output in engine.run(
        prompts, decide=all_decode, decode_options=GREEDY, rows=rows, cancelled=cancelled
    ):
        found.append(output.index)
        cancelled.update(range(6))
    assert len(found) == 1


def test_without_decode_options_every_prompt_has_its_direct_vector(engine, prompts, plain):
    silent = dataclasses.replace(engine, completion_format=None)
    for one in (engine, silent):
        found = outputs(one, prompts, decode_options=None)
        assert found.keys() == plain.keys()
        for index, output in found.items():
            assert output.completions == output.vectors == ()
            assert output.gate == 0.5
            torch.testing.assert_close(output.direct, plain[index].direct, atol=1e-5, rtol=1e-4)
    with pytest.raises(ModelError, match="this family writes no rationale"):
        outputs(silent, prompts)


def test_zero_samples_are_refused(engine, prompts):
    with pytest.raises(ValueError, match="samples must be at least 1, got 0"):
        outputs(engine, prompts, samples=0)


@pytest.mark.parametrize(("rows", "samples", "refill"), [(3, 4, 0.25), (6, 4, 0.25), (2, 1, 0.0)])
def test_rows_are_the_limit_or_the_samples_of_one_prompt(
    engine, prompts, plain, rows, samples, refill
):
    steps = []

    class Recording(QwenVL):
        def extend(self, token_ids, *, positions, cache):
            steps.append(len(token_ids))
            return super().extend(token_ids, positions=positions, cache=cache)

    limits = Limits(rows=rows, refill=refill)
    recording = dataclasses.replace(engine, backbone=Recording(engine.backbone.network))
    recording = dataclasses.replace(recording, limits=limits)
    found = outputs(recording, prompts, samples=samples)
    # All samples of a prompt are inserted together.
    assert max(steps) == max(rows // samples, 1) * samples <= max(rows, samples)
    for index, output in found.items():
        assert output.completions == plain[index].completions * samples


def test_the_first_sample_does_not_depend_on_their_number(engine, prompts):
    how = {"decode_options": DecodeOptions(16, Sampling(temperature=1.2)), "seed": 8}
    one, three = (outputs(engine, prompts, samples=samples, **how) for samples in (1, 3))
    for index, output in three.items():
        assert output.completions[0] == one[index].completions[0]
        torch.testing.assert_close(output.vectors[0], one[index].vectors[0], atol=1e-5, rtol=1e-4)
    assert any(len({t.token_ids for t in output.completions}) > 1 for output in three.values())


def test_the_local_engine_implements_the_protocol(engine):
    assert isinstance(engine, Engine)
    # The check is not vacuous.
    assert not isinstance(engine.backbone, Engine)
