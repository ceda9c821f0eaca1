import dataclasses

import numpy as np
import pytest

from forethought.errors import DataError
from forethought.evaluation import EvalTask, evaluate
from forethought.types import Ending, Side, Think

BOTH = (Think.NEVER, Think.ALWAYS)


def test_thinking_finds_what_only_thinking_can(colours, painter):
    found = {(one.task, one.think): one for one in evaluate(colours, painter, think=BOTH)}
    # Direct, "the colour of …" stands midway between all dots: a three-way tie, lost.
    assert found["words", Think.NEVER].metrics["hit@1"].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert found["words", Think.ALWAYS].metrics["hit@1"].tolist() == [1.0, 1.0, 1.0, 1.0]
    # Lost ties come third of three: ndcg 1/log2 4.
    assert found["words", Think.NEVER].metrics["ndcg@5"].tolist() == pytest.approx([1, 1, 0.5, 0.5])


def test_scores_by_the_benchmarks_metrics(colours, painter):
    first_grade = dataclasses.replace(colours, metrics={"first": lambda ranked: ranked[:, 0] / 2})
    style, _ = evaluate(first_grade, painter, think=[Think.NEVER])
    # A red dot finds itself, of grade 1, before the paler red ring, of grade 2.
    assert list(style.metrics) == ["first"]
    assert style.metrics["first"].tolist() == [0.5, 0.5]


def test_counts_tokens_and_endings_of_queries_alone(colours, painter):
    found = {(one.task, one.think): one for one in evaluate(colours, painter, think=BOTH)}
    always = found["words", Think.ALWAYS]
    assert always.tokens.tolist() == [3, 3, 3, 3]  # "it is red"
    assert always.endings == {Ending.EMBED: 2, Ending.LENGTH: 2}
    assert found["style", Think.ALWAYS].endings == {Ending.MALFORMED: 2}
    assert found["words", Think.NEVER].endings == {}
    assert found["words", Think.NEVER].tokens.tolist() == [0, 0, 0, 0]


def test_encodes_a_shared_document_once_for_all_tasks_and_modes(colours, painter):
    calls = []
    evaluate(colours, painter, think=BOTH, progress=lambda *call: calls.append(call))
    sources = [
        message.content[0].source for side, _, message in painter.encoded if side is Side.DOCUMENT
    ]
    assert sorted(sources) == ["dot/blue", "dot/green", "dot/red", "ring/green", "ring/red"]
    # Five documents, and six queries in each of two modes.
    assert len(painter.encoded) == 17
    assert calls == [(5, 17, ""), (11, 17, ""), (17, 17, "")]


def test_opens_media_a_chunk_at_a_time(colours, painter):
    opened = []
    evaluate(
        colours,
        painter,
        think=[Think.NEVER],
        chunk_size=2,
        progress=lambda *_: opened.append(len(colours.opened)),
    )
    # Five documents in chunks of 2, 2 and 1; two queries with pictures, four without.
    assert opened == [2, 4, 5, 7, 7, 7]


def test_each_query_ranks_its_own_candidates(colours, painter):
    style, words = colours.tasks
    # Without the green dot among its candidates, "the colour of grass" must not find it;
    # with the red dot alone, "the colour of blood" has nothing to be confused with.
    lists = dataclasses.replace(
        words,
        candidates=((0, 1, 2), (2, 0), (0, 2), (0,)),
        relevance=({0: 1.0}, {2: 1.0}, {2: 1.0}, {0: 1.0}),
    )
    benchmark = dataclasses.replace(colours, tasks=(style, lists))
    _, result = evaluate(benchmark, painter, think=[Think.NEVER])
    assert result.metrics["hit@1"].tolist() == [1.0, 1.0, 0.0, 1.0]
    # The third query ties its two candidates and so ranks the relevant one second: 1/log2 3.
    assert result.metrics["ndcg@5"].tolist() == pytest.approx([1, 1, 1 / np.log2(3), 1])


def test_complete_candidate_lists_score_like_a_shared_pool(colours, painter):
    every = dataclasses.replace(
        colours,
        tasks=tuple(
            dataclasses.replace(
                task, candidates=(tuple(range(len(task.documents))),) * len(task.queries)
            )
            for task in colours.tasks
        ),
    )
    for one, other in zip(
        evaluate(every, painter, think=BOTH), evaluate(colours, painter, think=BOTH), strict=True
    ):
        for name, values in one.metrics.items():
            assert values.tolist() == other.metrics[name].tolist()


def test_documents_read_directly_by_default(colours, painter, rename):
    other = rename(painter, "other")
    evaluate(colours, painter, think=[Think.ALWAYS])
    evaluate(colours, other, think=[Think.NEVER], documents_think=Think.ALWAYS)
    assert {think for side, think, _ in painter.encoded if side is Side.DOCUMENT} == {Think.NEVER}
    assert {think for side, think, _ in other.encoded if side is Side.DOCUMENT} == {Think.ALWAYS}


def test_the_order_of_a_pool_changes_nothing(colours, painter):
    turned = dataclasses.replace(
        colours, tasks=tuple(_turned(task, by=2) for task in colours.tasks)
    )
    for there, here in zip(
        evaluate(turned, painter, think=BOTH), evaluate(colours, painter, think=BOTH), strict=True
    ):
        for name, values in here.metrics.items():
            assert there.metrics[name].tolist() == values.tolist()


def _turned(task: EvalTask, *, by: int) -> EvalTask:
    size = len(task.documents)
    return dataclasses.replace(
        task,
        documents=task.documents[by:] + task.documents[:by],
        relevance=tuple(
            {(index - by) % size: grade for index, grade in grades.items()}
            for grades in task.relevance
        ),
    )


def test_a_collapsed_encoder_is_last_not_first(colours, collapsed):
    for one in evaluate(colours, collapsed, think=BOTH):
        assert one.metrics["hit@1"].tolist() == [0.0] * len(one.tokens)


def test_refuses_a_broken_vector(colours, broken):
    with pytest.raises(DataError, match="NaN"):
        evaluate(colours, broken, think=[Think.NEVER])


def test_an_answer_is_exact_whatever_its_case_and_outer_spaces(colours, painter):
    answers = ((" RED", "crimson"), ("navy",), ("Green ",), ("blue", "red"))
    style, words = colours.tasks
    benchmark = dataclasses.replace(
        colours, tasks=(style, dataclasses.replace(words, answers=answers))
    )
    found = {(one.task, one.think): one for one in evaluate(benchmark, painter, think=BOTH)}
    assert found["words", Think.ALWAYS].exact.tolist() == [1.0, 0.0, 1.0, 1.0]
    # A direct vector has no answer, and a picture of a ring is none.
    assert np.isnan(found["words", Think.NEVER].exact).all()
    assert np.isnan(found["style", Think.ALWAYS].exact).all()


def test_refuses_answers_for_some_of_the_queries(colours):
    with pytest.raises(DataError, match="1 rows of answers for 4 queries"):
        dataclasses.replace(colours.tasks[1], answers=(("red",),))
