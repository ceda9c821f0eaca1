"""What an engine promises of a run: memory short, nobody waiting, nothing to be written."""

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
SHOWN: list[tuple[Content, ...]] = [
    (Text("green, square"),),
    (RED,),
    (Text("blue, square, blue, square"),),
    (VIOLET, GREEN, Text("which of the two is it?")),
    (Text("red"),),
    (GREEN, Text("what?")),
]


FULL = torch.OutOfMemoryError("CUDA out of memory")


@pytest.fixture(scope="module")
def engine(tiny_encoder):
    return tiny_encoder.engine


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    return [
        tiny_encoder.renderer.render(Message(content, "Find the picture.", Side.QUERY))
        for content in SHOWN
    ]


def all_think(prefill, _group):
    return list(range(len(prefill.lengths))), [0.5] * len(prefill.lengths)


def answers(engine, prompts, **how):
    settings = {"decide": all_think, "decode_options": GREEDY} | how
    found = list(engine.run(prompts, **settings))
    assert len({answer.index for answer in found}) == len(found)
    return {answer.index: answer for answer in found}


def same(answer, expected):
    torch.testing.assert_close(answer.direct, expected.direct, atol=1e-5, rtol=1e-4)
    assert answer.completions == expected.completions
    for vector, other in zip(answer.vectors, expected.vectors, strict=True):
        torch.testing.assert_close(vector, other, atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module")
def plain(engine, prompts):
    return answers(engine, prompts)


def cramped(engine, most, error=FULL):
    """The engine on a backbone that cannot read more tokens than so many at once."""
    reads = []

    class Cramped(QwenVL):
        def hidden_states(self, batch, *, cache=None):
            reads.append(batch.token_ids.numel())
            if reads[-1] > most:
                raise error
            return super().hidden_states(batch, cache=cache)

    made = dataclasses.replace(
        engine, backbone=Cramped(engine.backbone.network), limits=Limits(waste=1.0)
    )
    return made, reads


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_a_group_that_memory_is_too_small_for_is_read_in_parts(engine, prompts, plain, share):
    longest = max(len(prompt.token_ids) for prompt in prompts)
    most = max(longest, int(share * longest * len(prompts)))
    small, reads = cramped(engine, most)
    found = answers(small, prompts)
    # All at once was tried first.
    assert reads[0] == longest * len(prompts) > most
    assert found.keys() == plain.keys()
    for index, answer in found.items():
        same(answer, plain[index])


def test_a_prompt_that_cannot_be_read_by_itself_is_named(engine, prompts):
    lengths = [len(prompt.token_ids) for prompt in prompts]
    longest = int(np.argmax(lengths))
    small, _ = cramped(engine, max(lengths) - 1)
    said = rf"prompt {longest}, of {max(lengths)} tokens with 2 pictures, does not fit into memory"
    with pytest.raises(ModelError, match=said):
        answers(small, prompts)
    small, _ = cramped(engine, 3)
    said = rf"prompt 0, of {lengths[0]} tokens, does not fit into memory by itself: shorten it"
    with pytest.raises(ModelError, match=said):
        answers(small, prompts[:1])


def test_other_errors_pass_as_they_are(engine, prompts):
    error = RuntimeError("a kernel is not there")
    broken, reads = cramped(engine, 0, error)
    with pytest.raises(RuntimeError, match="a kernel is not there") as told:
        answers(broken, prompts)
    assert told.value is error
    assert len(reads) == 1


@pytest.mark.parametrize("dropped", [{2}, {0, 5, 3}, [1], set(range(6))])
@pytest.mark.parametrize("rows", [2, 9])
def test_what_nobody_waits_for_is_not_answered_and_the_rest_is_as_ever(
    engine, prompts, plain, dropped, rows
):
    found = answers(engine, prompts, dropped=dropped, rows=rows)
    assert found.keys() == {*range(6)} - {*dropped}
    for index, answer in found.items():
        same(answer, plain[index])


@pytest.mark.parametrize("rows", [2, 6])
def test_those_dropped_while_others_write_are_not_answered_any_more(engine, prompts, plain, rows):
    dropped: set[int] = set()
    found = {}
    for answer in engine.run(
        prompts, decide=all_think, decode_options=GREEDY, rows=rows, dropped=dropped
    ):
        assert answer.index not in dropped
        found[answer.index] = answer
        if len(found) == 1:
            dropped.update(set(range(0, 6, 2)) - {answer.index})
    assert found.keys() == {*range(6)} - dropped
    for index, answer in found.items():
        same(answer, plain[index])


def test_prompts_dropped_while_they_are_read_write_nothing(engine, prompts, plain):
    dropped: set[int] = set()

    def decide(prefill, group):
        dropped.update(index for index in group if index % 2)
        return all_think(prefill, group)

    found = answers(engine, prompts, decide=decide, dropped=dropped)
    assert found.keys() == {0, 2, 4}
    for index, answer in found.items():
        same(answer, plain[index])


@pytest.mark.parametrize("rows", [2, 6])
def test_all_may_be_dropped_while_they_write(engine, prompts, rows):
    dropped: set[int] = set()
    found = []
    for answer in engine.run(
        prompts, decide=all_think, decode_options=GREEDY, rows=rows, dropped=dropped
    ):
        found.append(answer.index)
        dropped.update(range(6))
    assert len(found) == 1


def test_where_nothing_may_be_written_all_get_their_direct_vectors(engine, prompts, plain):
    silent = dataclasses.replace(engine, completion_format=None)
    for able in (engine, silent):
        found = answers(able, prompts, decode_options=None)
        assert found.keys() == plain.keys()
        for index, answer in found.items():
            assert answer.completions == answer.vectors == ()
            assert answer.gate == 0.5
            torch.testing.assert_close(answer.direct, plain[index].direct, atol=1e-5, rtol=1e-4)
    with pytest.raises(ModelError, match="this family writes no rationale"):
        answers(silent, prompts)


def test_no_samples_at_all_are_refused(engine, prompts):
    with pytest.raises(ValueError, match="samples must be at least 1, got 0"):
        answers(engine, prompts, samples=0)


@pytest.mark.parametrize(("rows", "samples", "refill"), [(3, 4, 0.25), (6, 4, 0.25), (2, 1, 0.0)])
def test_rows_are_as_many_as_may_write_or_as_one_prompt_needs(
    engine, prompts, plain, rows, samples, refill
):
    steps = []

    class Counting(QwenVL):
        def extend(self, token_ids, *, positions, cache):
            steps.append(len(token_ids))
            return super().extend(token_ids, positions=positions, cache=cache)

    limits = Limits(rows=rows, refill=refill)
    counting = dataclasses.replace(engine, backbone=Counting(engine.backbone.network))
    counting = dataclasses.replace(counting, limits=limits)
    found = answers(counting, prompts, samples=samples)
    # All samples of a prompt enter together.
    assert max(steps) == max(rows // samples, 1) * samples <= max(rows, samples)
    for index, answer in found.items():
        assert answer.completions == plain[index].completions * samples


def test_the_first_sample_is_the_same_however_many_are_asked_for(engine, prompts):
    how = {"decode_options": DecodeOptions(16, Sampling(temperature=1.2)), "seed": 8}
    one, three = (answers(engine, prompts, samples=samples, **how) for samples in (1, 3))
    for index, answer in three.items():
        assert answer.completions[0] == one[index].completions[0]
        torch.testing.assert_close(answer.vectors[0], one[index].vectors[0], atol=1e-5, rtol=1e-4)
    assert any(len({t.token_ids for t in answer.completions}) > 1 for answer in three.values())


def test_the_engine_of_this_process_keeps_the_protocol(engine):
    assert isinstance(engine, Engine)
    # The check tells engines from others.
    assert not isinstance(engine.backbone, Engine)
