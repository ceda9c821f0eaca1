"""Guessing ahead changes nothing but how long it takes; looking ahead stops a row early."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.backbones import QwenVL
from forethought.engines import DecodeOptions, EarlyExit, Limits, LocalEngine, Sampling
from forethought.types import Ending
from tests.engines import slow
from tests.parity.schedules import check, near, schedules, squares, world

BUDGET = 22
PLAIN = DecodeOptions(BUDGET, Sampling(), repeats=5)
WARM = DecodeOptions(14, Sampling(temperature=1.2, top_p=0.95), repeats=5)
SOME = EarlyExit(every=3, within=0.02)


def guessing(engine, limits, speculative_tokens):
    """An engine that guesses in whatever manner it is asked to write."""

    class Guessing(LocalEngine):
        def run(self, prompts, *, decode_options, **how):
            decode_options = decode_options and dataclasses.replace(
                decode_options, speculative_tokens=speculative_tokens
            )
            return LocalEngine.run(self, prompts, decode_options=decode_options, **how)

    return Guessing(engine.backbone, engine.pad_id, engine.completion_format, limits)


@pytest.fixture(scope="module")
def told(tiny_encoder):
    return world(tiny_encoder, squares(tiny_encoder))


def all_think(prefill, _group):
    return list(range(len(prefill.lengths))), [0.5] * len(prefill.lengths)


def answers(engine, prompts, decode_options, **how):
    found = list(engine.run(prompts, decide=all_think, decode_options=decode_options, **how))
    assert sorted(answer.index for answer in found) == list(range(len(prompts)))
    return [answer for _, answer in sorted((answer.index, answer) for answer in found)]


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.completions == other.completions
        near(torch.stack(one.vectors), torch.stack(other.vectors))


@pytest.mark.parametrize("speculative_tokens", [1, 4])
@settings(max_examples=20)
@given(asked=schedules(count=8))
def test_guesses_change_nothing_that_is_written_whatever_the_schedule(
    told, speculative_tokens, asked
):
    check(told, guessing(told.engine, asked.limits, speculative_tokens), asked)


@pytest.mark.parametrize("speculative_tokens", [1, 3])
@settings(max_examples=6)
@given(
    limits=st.builds(
        Limits,
        rows=st.integers(1, 7),
        tokens=st.integers(1, 900),
        refill=st.floats(0, 1),
    ),
    seed=st.integers(0, 99),
    samples=st.integers(1, 3),
)
def test_guesses_change_nothing_that_is_drawn(told, speculative_tokens, limits, seed, samples):
    how = {"seed": seed, "samples": samples}
    engine = dataclasses.replace(told.engine, limits=limits)
    guessing = dataclasses.replace(WARM, speculative_tokens=speculative_tokens)
    prompts = told.prompts[:4]
    same(answers(engine, prompts, guessing, **how), answers(told.engine, prompts, WARM, **how))


class Counting(QwenVL):
    """Counts passes."""

    def extend(self, token_ids, *, positions, cache):
        PASSES.append(tuple(token_ids.shape))
        return super().extend(token_ids, positions=positions, cache=cache)


PASSES: list[tuple[int, ...]] = []


def passes(engine, prompts, decode_options):
    counting = dataclasses.replace(engine, backbone=Counting(engine.backbone.network))
    PASSES.clear()
    found = answers(counting, prompts, decode_options)
    return found, list(PASSES)


def test_a_row_that_says_one_token_again_and_again_needs_a_quarter_of_the_passes(told):
    # Nothing but one token may be written.
    completion_format = dataclasses.replace(
        told.engine.completion_format,
        start=(),
        forbidden=tuple(sorted({*range(told.engine.backbone.vocab_size)} - {40})),
    )
    engine = dataclasses.replace(told.engine, completion_format=completion_format)
    decode_options = DecodeOptions(50, Sampling(), repeats=0)
    prompts = told.prompts[:1]
    expected, plain = passes(engine, prompts, decode_options)
    assert expected[0].completions[0].token_ids == (*[40] * 50, completion_format.embed_id)
    assert plain == [(1, 1)] * 51
    found, fewer = passes(
        engine, prompts, dataclasses.replace(decode_options, speculative_tokens=3)
    )
    same(found, expected)
    # The first two find nothing; from the third on all three guesses are right each time: they
    # are the last token itself. Two and twelve times four make fifty; then the embed token.
    assert fewer == [(1, 4)] * (2 + 12 + 1)


def test_a_row_that_says_what_stands_in_its_prompt_needs_fewer_passes(told):
    # What it would say anyway stands before it, as if it had been asked with its own answer.
    prompt = told.prompts[0]
    expected, plain = passes(told.engine, [prompt], PLAIN)
    said = expected[0].completions[0].token_ids[:-1]
    echoed = dataclasses.replace(
        prompt,
        token_ids=(*said, *prompt.token_ids),
        read_at=prompt.read_at + len(said),
        write_at=prompt.write_at + len(said),
    )
    plainly, plain = passes(told.engine, [echoed], PLAIN)
    found, fewer = passes(told.engine, [echoed], dataclasses.replace(PLAIN, speculative_tokens=4))
    same(found, plainly)
    assert len(fewer) < 0.8 * len(plain)


def check_settled(told, index, answer, plain):
    """A row that settled says the beginning of what it would have said, and is read there."""
    (thought,), (vector,) = answer.completions, answer.vectors
    if thought.ending is not Ending.EARLY_EXIT:
        assert thought == plain.completions[0]
        near(vector, plain.vectors[0])
        return False
    *written, embed = thought.token_ids
    assert embed == told.embed_id
    assert tuple(written) == plain.completions[0].token_ids[: len(written)]
    prompt = told.prompts[index]
    states, _ = slow.read(told.slow.network, prompt, prompt.prefix_ids, thought.token_ids)
    near(vector, states[-1])
    return True


def settling(engine, prompts, early_exit, **how):
    return answers(engine, prompts, dataclasses.replace(PLAIN, early_exit=early_exit), **how)


@pytest.fixture(scope="module")
def plain(told):
    return answers(told.engine, told.prompts, PLAIN)


@pytest.mark.parametrize("every", [1, 3, 5])
def test_a_row_that_settles_is_read_at_an_embed_token_behind_what_it_wrote(told, plain, every):
    found = settling(told.engine, told.prompts, EarlyExit(every, SOME.within))
    settled = [
        check_settled(told, index, answer, plain[index]) for index, answer in enumerate(found)
    ]
    assert any(settled)
    lengths = [len(answer.completions[0].token_ids) - 1 for answer in found]
    for length, early in zip(lengths, settled, strict=True):
        # The first look has nothing to be compared with.
        assert not early or (length % every == 0 and length >= 2 * every)


def test_a_row_settles_at_the_first_look_that_is_near_the_one_before_it(told, plain):
    found = settling(told.engine, told.prompts, SOME)
    for index, prompt in enumerate(told.prompts):
        said = plain[index].completions[0].token_ids[:-1]
        looks = range(SOME.every, len(said) + 1, SOME.every)
        seen = [
            slow.read(told.slow.network, prompt, prompt.prefix_ids, (*said[:end], told.embed_id))[
                0
            ][-1]
            for end in looks
        ]
        moved = [1 - F.cosine_similarity(*pair, dim=0) for pair in pairwise(seen)]
        nears = [end for end, far in zip(looks[1:], moved, strict=True) if far < SOME.within]
        expected = nears[0] if nears else len(said)
        assert len(found[index].completions[0].token_ids) - 1 == expected


def test_where_nothing_is_near_enough_all_is_as_without_looks(told, plain):
    found = settling(told.engine, told.prompts, EarlyExit(every=2, within=1e-12))
    assert not any(answer.completions[0].ending is Ending.EARLY_EXIT for answer in found)
    same(found, plain)


def test_where_any_vector_is_near_enough_all_rows_exit_at_their_second_check(told):
    # No two vectors are further apart than 2, and no row ends by itself before its tenth token.
    forced = dataclasses.replace(told.engine.completion_format, start=tuple(range(30, 39)))
    engine = dataclasses.replace(told.engine, completion_format=forced)
    for answer in settling(engine, told.prompts, EarlyExit(every=4, within=2.0)):
        (completion,) = answer.completions
        assert completion.ending is Ending.EARLY_EXIT
        assert completion.token_ids == (*range(30, 38), told.embed_id)


@pytest.mark.parametrize(
    "limits",
    [Limits(rows=1), Limits(rows=3, refill=0.0), Limits(rows=4, tokens=1, refill=0.5)],
    ids=["alone", "few", "late"],
)
def test_when_a_row_settles_depends_on_no_neighbour_and_not_on_when_it_entered(told, limits):
    expected = settling(told.engine, told.prompts, SOME)
    order = np.random.default_rng(3).permutation(len(told.prompts)).tolist()
    engine = dataclasses.replace(told.engine, limits=limits)
    found = settling(engine, [told.prompts[index] for index in order], SOME)
    same(found, [expected[index] for index in order])


def test_a_row_that_settles_spares_passes_and_reads_ahead_only_when_it_looks(told):
    _, looked = passes(told.engine, told.prompts[:1], dataclasses.replace(PLAIN, early_exit=SOME))
    wide = [at for at, (_, width) in enumerate(looked, start=1) if width == 2]
    assert wide == [at for at in range(1, len(looked) + 1) if at % SOME.every == 0]
    assert {width for _, width in looked} == {1, 2}
