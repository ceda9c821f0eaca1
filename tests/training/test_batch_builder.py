import dataclasses
from pathlib import Path

import numpy as np
import pytest

from forethought.data import TaskBatches
from forethought.nano.augment import augment_pictures
from forethought.nano.glyph_examples import GlyphExamples
from forethought.training import TrainRow
from forethought.training.batch_builder import BatchBuilder
from forethought.training.stage import ObjectiveSettings, TaskWeight
from forethought.types import Ending, Rationale, Side
from tests import tiny
from tests.training.listed import listed, truthful

BOTH = frozenset(Side)
DIRECT = ObjectiveSettings("direct", 0.9, settings={"temperature": 0.07})


def stage(*tasks, **changes):
    """A stage that draws from tasks, each twice as often as the next."""
    weights = tuple(TaskWeight(task, 0.5**index) for index, task in enumerate(tasks))
    plain = tiny.stage("any", data=Path("data"), steps=3, rate=0.1)
    return dataclasses.replace(plain, **{"batch": 4, "tasks": weights, **changes})


STAGE = stage("keywords", "name")
# Of 6 pairs, 3 are read behind their own completions, 2 are supervised, 1 is direct.
MIXED = stage("keywords", batch=6, self_generated=0.5, sft=0.34)


@pytest.fixture(scope="module")
def build(encoder_of):
    """Makes a builder over a source, in a format."""

    def make(source, family="forethought", **changes):
        renderer = encoder_of(family).renderer
        settings = {"thinks": BOTH, "augment": None, "seed": 9, **changes}
        return BatchBuilder(
            source=source,
            batches=TaskBatches(source, settings["seed"]),
            renderer=renderer,
            **settings,
        )

    return make


@pytest.fixture(scope="module")
def source(tiny_data):
    return GlyphExamples(tiny_data)


@pytest.fixture(scope="module")
def builder(build, source):
    return build(source, augment=augment_pictures)


def pixels(drawn):
    messages = [m for pair in drawn.pairs for m in (pair.query, pair.document.message)]
    return [part.pixels for m in messages for part in m.content if hasattr(part, "pixels")]


def token_ids(prompts):
    return [prompt.token_ids for prompt in prompts]


def test_a_step_draws_the_same_every_time_and_another_step_another(builder):
    first, again, other = (builder.draw(step, STAGE) for step in (3, 3, 4))
    assert token_ids(first.queries) == token_ids(again.queries)
    assert all(np.array_equal(a, b) for a, b in zip(pixels(first), pixels(again), strict=True))
    assert token_ids(first.queries) != token_ids(other.queries)


def test_a_stage_says_how_many_pairs_of_which_tasks_are_drawn(builder):
    for step in range(5):
        drawn = builder.draw(step, stage("name", batch=3))
        assert [pair.task for pair in drawn.pairs] == ["name"] * 3
        assert len(drawn.queries) == len(drawn.documents) == 3


def test_examples_are_augmented_where_the_recipe_says_so(build, source, builder):
    plain, augmented = build(source).draw(3, STAGE), builder.draw(3, STAGE)
    for one, other in zip(plain.pairs, augmented.pairs, strict=True):
        assert (one.query.instruction, one.rationale) == (other.query.instruction, other.rationale)
    for a, b in zip(pixels(plain), pixels(augmented), strict=True):
        assert not np.array_equal(a, b)


def test_both_sides_become_prompts(builder):
    drawn = builder.draw(3, STAGE)
    for prompt, pair in zip(drawn.queries, drawn.pairs, strict=True):
        assert prompt.token_ids == builder.renderer.render(pair.query).token_ids
    for prompt, pair in zip(drawn.documents, drawn.pairs, strict=True):
        assert prompt.token_ids == builder.renderer.render(pair.document.message).token_ids


def completions(builder, count):
    """So many completions, which all end in the embed token."""
    embed_id = builder.renderer.completion_format.embed_id
    return [(40 + index, embed_id) for index in range(count)]


def test_rows_are_self_generated_then_supervised_then_direct_on_each_side(builder):
    drawn = builder.draw(3, MIXED)
    prompts = builder.prompts_to_complete(drawn, MIXED)
    assert token_ids(prompts) == token_ids((*drawn.queries[:3], *drawn.documents[:3]))
    written = completions(builder, 6)
    found = builder.rows(drawn, written, MIXED)
    rows = found.rows
    assert token_ids([row.prompt for row in rows]) == token_ids((*drawn.queries, *drawn.documents))
    assert found.sides == (Side.QUERY,) * 6 + (Side.DOCUMENT,) * 6
    assert [row.completion for row in rows[:3] + rows[6:9]] == written
    # The vector of a true rationale takes part in no loss: its row is not read behind it.
    assert [row.thought_at for row in rows] == [1, 1, 1, None, None, None] * 2
    assert [row.supervised for row in rows] == ([False] * 3 + [True] * 2 + [False]) * 2
    truths = [drawn.pairs[3].rationale, drawn.pairs[4].document.rationale]
    written = [builder.renderer.write(truth) for truth in truths]
    assert [rows[3].completion, rows[10].completion] == written
    assert [rows[5].completion, rows[11].completion] == [(), ()]


@pytest.mark.parametrize("by_stage", [False, True])
def test_a_side_that_never_thinks_is_direct(build, source, by_stage):
    thinks = frozenset({Side.QUERY})
    builder = build(source, thinks=BOTH if by_stage else thinks)
    settings = dataclasses.replace(MIXED, thinks=(Side.QUERY,)) if by_stage else MIXED
    drawn = builder.draw(3, settings)
    assert len(builder.prompts_to_complete(drawn, settings)) == 3
    rows = builder.rows(drawn, completions(builder, 3), settings).rows
    assert rows[6:] == tuple(TrainRow(prompt) for prompt in drawn.documents)
    assert [bool(row.completion) for row in rows[:6]] == [True] * 5 + [False]


def test_one_positive_and_the_requested_negatives_of_each_example_are_drawn(build):
    builder = build(listed())
    positives, negatives = set(), set()
    for step in range(30):
        drawn = builder.draw(step, stage(batch=3, negatives=2, tasks=()))
        by_query = {pair.query.content[0].words: pair for pair in drawn.pairs}
        first = by_query["question 0"]
        assert first.answers == {"a", "b"}
        assert len(first.negatives) == len({d.label for d in first.negatives}) == 2
        assert [len(by_query[f"question {n}"].negatives) for n in (1, 2)] == [1, 0]
        positives.add(first.document.label)
        negatives |= {d.label for d in first.negatives}
        texts = [d.message for pair in drawn.pairs for d in pair.negatives]
        expected = [builder.renderer.render(message).token_ids for message in texts]
        assert token_ids(drawn.negatives) == expected
    assert (positives, negatives) == ({"a", "b"}, {"c", "d", "e"})


def test_a_pair_is_the_example_of_its_index(builder, source):
    drawn = builder.draw(3, stage("name", "keywords", batch=7))
    for index, pair in zip(drawn.indices, drawn.pairs, strict=True):
        assert pair.document.label == source[index].positives[0].label
        assert pair.query.instruction == source[index].query.instruction
    assert len({*drawn.indices}) == 7


def test_hard_negatives_come_last_and_direct(build):
    builder = build(listed())
    settings = stage(batch=3, negatives=3, tasks=(), self_generated=0.5, sft=0.34)
    drawn = builder.draw(1, settings)
    written = completions(builder, len(builder.prompts_to_complete(drawn, settings)))
    found = builder.rows(drawn, written, settings)
    assert found.rows[6:] == tuple(TrainRow(prompt) for prompt in drawn.negatives)
    assert found.sides == (Side.QUERY,) * 3 + (Side.DOCUMENT,) * (3 + 4)


def test_an_example_without_a_true_rationale_is_direct(build):
    builder = build(listed())
    settings = stage(batch=3, tasks=(), sft=1.0)
    drawn = builder.draw(1, settings)
    assert not any(row.completion for row in builder.rows(drawn, [], settings).rows)
    true = Rationale("thinking", "answer", Ending.EMBED)
    pairs = tuple(dataclasses.replace(pair, rationale=true) for pair in drawn.pairs)
    rows = builder.rows(dataclasses.replace(drawn, pairs=pairs), [], settings).rows
    assert [row.supervised for row in rows] == [True] * 3 + [False] * 3


def letters(drawn):
    """The roles of drawn pairs: w for self-generated, o for oracle, s for sft."""
    return [
        "".join(
            letter
            for letter, is_so in zip("wos", (r.self_generated, r.oracle, r.sft), strict=True)
            if is_so
        )
        for r in drawn.roles
    ]


SHARES = [
    # Of 8: the first 4 write, 2 are oracle, and 6 supervised from pair 4 on: 4 to 7, 0 and 1.
    ({"self_generated": 0.5, "oracle": 0.25, "sft": 0.75}, "ws ws w w os os s s"),
    ({"self_generated": 0.25, "oracle": 0.75, "sft": 0.5}, "w w os os os os o o"),
    ({"oracle": 0.4, "sft": 0.1}, "os o o - - - - -"),
    ({"self_generated": 1.0, "sft": 0.4}, "ws ws ws w w w w w"),
    # Halves are rounded to the even neighbour, and roles counted within sub-batches of 3, 3 and 2.
    ({"self_generated": 0.5, "oracle": 0.3, "sft": 0.3, "sub_batch": 3}, "w w os w w os w os"),
]


@pytest.mark.parametrize(("changes", "expected"), SHARES)
def test_shares_are_counted_in_order_and_those_of_sft_reach_round(builder, changes, expected):
    settings = stage("keywords", **{"batch": 8, "sft": 0.34, **changes})
    drawn = builder.draw(3, settings)
    assert [found or "-" for found in letters(drawn)] == expected.split()


def test_a_batch_has_sub_batches_of_one_task_each(builder):
    settings = stage("keywords", "name", batch=8, sub_batch=3)
    drawn = [builder.draw(step, settings) for step in range(12)]
    parts = [
        tuple({pair.task for pair in each.pairs[start:end]})
        for each in drawn
        for start, end in ((0, 3), (3, 6), (6, 8))
    ]
    assert all(len(tasks) == 1 for tasks in parts)
    assert len({(parts[3 * i], parts[3 * i + 1]) for i in range(12)}) > 2  # tasks of their own
    assert all(len(each.pairs) == 8 for each in drawn)


def test_every_batch_of_a_step_draws_its_own_examples_the_same_each_time(builder):
    settings = stage("keywords", batch=5, sub_batch=3, accumulation=3)
    first, again = ([builder.draw(3, settings, index) for index in range(3)] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert one.indices == other.indices
        assert all(np.array_equal(a, b) for a, b in zip(pixels(one), pixels(other), strict=True))
    halves = [half for each in first for half in (each.indices[:3], each.indices[3:])]
    assert len({*halves}) == 6


FORMATS = {"forethought": -2, "ume_r1": -3, "rge": -1, "mmemb_r1": -1}
"""Where the embed token stands in a completion of each format."""


@pytest.mark.parametrize("family", FORMATS)
@pytest.mark.parametrize("sft", [0.0, 1.0])
def test_an_oracle_row_is_read_at_its_embed_token_and_may_be_supervised(build, family, sft):
    builder = build(listed(), family)
    settings = stage(batch=3, tasks=(), oracle=1.0, sft=sft, objectives=(DIRECT,))
    drawn = truthful(builder.draw(1, settings))
    rows = builder.rows(drawn, [], settings).rows
    assert len(rows) == 6
    truths = [truth for side in Side for truth in drawn.rationales(side)]
    for row, truth in zip(rows, truths, strict=True):
        assert row.completion == builder.renderer.write(truth)
        assert row.thought_at == len(row.completion) + FORMATS[family]
        embed_id = builder.renderer.completion_format.embed_id
        assert row.completion[row.thought_at] == embed_id
        assert row.supervised is bool(sft)


def test_a_pair_that_writes_and_learns_has_a_second_row_behind_all_others(build):
    builder = build(listed())
    settings = stage(batch=3, negatives=1, tasks=(), self_generated=0.67, sft=0.67)
    drawn = truthful(builder.draw(1, settings))
    assert letters(drawn) == ["ws", "w", "s"]
    found = builder.rows(drawn, completions(builder, 4), settings)
    # 3 queries, 3 documents, 2 negatives; then pair 0 again, on both sides.
    assert found.sides[8:] == (Side.QUERY, Side.DOCUMENT)
    query, positive = found.rows[8:]
    pair = drawn.pairs[0]
    for row, truth, prompt in (
        (query, pair.rationale, drawn.queries[0]),
        (positive, pair.document.rationale, drawn.documents[0]),
    ):
        assert row == TrainRow(prompt, builder.renderer.write(truth), supervised=True)
    assert [row.supervised for row in found.rows[:8]] == [False, False, True] * 2 + [False] * 2


@pytest.mark.parametrize("family", FORMATS)
def test_without_a_rationale_only_a_first_token_that_decides_on_one_is_learned(build, family):
    builder = build(listed(), family)
    settings = stage(batch=3, tasks=(), self_generated=0.33, oracle=0.33, sft=1.0)
    drawn = builder.draw(1, settings)
    assert letters(drawn) == ["ws", "os", "s"]
    found = builder.rows(drawn, completions(builder, 2), settings)
    learned = [row for row in found.rows if row.supervised]
    if family != "mmemb_r1":
        assert learned == []
        return
    _, direct = builder.renderer.actions
    assert [row.completion for row in learned] == [(direct,)] * 6
    assert [row.thought_at for row in learned] == [None] * 6
    # Pairs 1 and 2 in place, pair 0 once more at the end.
    assert [row.prompt for row in learned] == [
        *(*drawn.queries[1:], *drawn.documents[1:]),
        *(drawn.queries[0], drawn.documents[0]),
    ]
    unlearned = dataclasses.replace(settings, sft=0.0, objectives=(DIRECT,))
    rows = builder.rows(builder.draw(1, unlearned), completions(builder, 2), unlearned).rows
    assert not any(row.supervised for row in rows)
