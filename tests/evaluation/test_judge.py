import dataclasses

import numpy as np
import pytest

from forethought.errors import DataError
from forethought.evaluation import Task, cosines, judge, num_items, read
from forethought.types import Ending, Side, Think

BOTH = (Think.NEVER, Think.ALWAYS)


def test_thinking_finds_what_only_thinking_can(glyphs, painter):
    found = {(one.task, one.think): one for one in judge(read(glyphs), painter, think=BOTH)}
    # Direct, "the colour of …" stands midway between all dots: a three-way tie, lost.
    assert found["words", Think.NEVER].metrics["hit@1"].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert found["words", Think.ALWAYS].metrics["hit@1"].tolist() == [1.0, 1.0, 1.0, 1.0]
    # Lost ties come third of three: ndcg 1/log2 4.
    assert found["words", Think.NEVER].metrics["ndcg@5"].tolist() == pytest.approx([1, 1, 0.5, 0.5])


def test_counts_tokens_and_endings_of_queries_alone(glyphs, painter):
    found = {(one.task, one.think): one for one in judge(read(glyphs), painter, think=BOTH)}
    always = found["words", Think.ALWAYS]
    assert always.tokens.tolist() == [3, 3, 3, 3]  # "it is red"
    assert always.endings == {Ending.EMBED: 2, Ending.LENGTH: 2}
    assert found["style", Think.ALWAYS].endings == {Ending.MALFORMED: 2}
    assert found["words", Think.NEVER].endings == {}
    assert found["words", Think.NEVER].tokens.tolist() == [0, 0, 0, 0]


def test_encodes_a_shared_document_once_for_all_tasks_and_modes(glyphs, painter):
    benchmark = read(glyphs)
    calls = []
    judge(benchmark, painter, think=BOTH, progress=lambda *call: calls.append(call))
    shown = [
        message.content[0].source for side, _, message in painter.encoded if side is Side.DOCUMENT
    ]
    assert sorted(shown) == ["dot/blue", "dot/green", "dot/red", "ring/green", "ring/red"]
    # Five documents, and six queries in each of two modes.
    assert num_items(benchmark, num_modes=2) == len(painter.encoded) == 17
    assert calls == [(5, 17, ""), (11, 17, ""), (17, 17, "")]


def test_documents_read_directly_unless_asked_to_think(glyphs, painter, rename):
    other = rename(painter, "other")
    judge(read(glyphs), painter, think=[Think.ALWAYS])
    judge(read(glyphs), other, think=[Think.NEVER], documents_think=Think.ALWAYS)
    assert {think for side, think, _ in painter.encoded if side is Side.DOCUMENT} == {Think.NEVER}
    assert {think for side, think, _ in other.encoded if side is Side.DOCUMENT} == {Think.ALWAYS}


def test_the_order_of_a_pool_changes_nothing(glyphs, painter):
    benchmark = read(glyphs)
    turned = dataclasses.replace(
        benchmark, tasks=tuple(_turned(task, by=2) for task in benchmark.tasks)
    )
    for there, here in zip(
        judge(turned, painter, think=BOTH), judge(benchmark, painter, think=BOTH), strict=True
    ):
        for name, values in here.metrics.items():
            assert there.metrics[name].tolist() == values.tolist()


def _turned(task: Task, *, by: int) -> Task:
    size = len(task.documents)
    return dataclasses.replace(
        task,
        documents=task.documents[by:] + task.documents[:by],
        relevant=tuple(frozenset((one - by) % size for one in places) for places in task.relevant),
    )


def test_a_collapsed_encoder_is_last_not_first(glyphs, collapsed):
    for one in judge(read(glyphs), collapsed, think=BOTH):
        assert one.metrics["hit@1"].tolist() == [0.0] * len(one.tokens)


def test_a_cosine_does_not_depend_on_lengths():
    queries = np.array([[3.0, 4.0], [0.0, 0.5], [7.0, 0.0]], dtype=np.float32)
    documents = np.array([[0.1, 0.0], [-6.0, 8.0]], dtype=np.float32)
    # (3, 4)/5 to (1, 0) is 0.6, to (-0.6, 0.8) is 0.28.
    expected = [[0.6, 0.28], [0.0, 0.8], [1.0, -0.6]]
    assert cosines(queries, documents) == pytest.approx(np.array(expected), abs=1e-6)


def test_refuses_a_broken_vector(glyphs, broken):
    with pytest.raises(DataError, match="NaN"):
        judge(read(glyphs), broken, think=[Think.NEVER])
