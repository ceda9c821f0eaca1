import dataclasses
from collections import Counter

import pytest

from forethought.data import Pair, TaskBatches
from forethought.errors import ConfigError

EMPTY = Pair(*("",) * len(dataclasses.fields(Pair)))


def pairs(task, concepts, each):
    return [
        dataclasses.replace(
            EMPTY, task=task, query_text=f"{concept} {i}", document_concept=str(concept)
        )
        for concept in range(concepts)
        for i in range(each)
    ]


PAIRS = [*pairs("keywords", 9, 3), *pairs("name", 4, 2), *pairs("idle", 3, 1)]
WEIGHTS = {"keywords": 3.0, "name": 1.0}


BATCHES = TaskBatches(PAIRS, 11)


def draw(step, batches=BATCHES, **changes):
    return batches.at(step, **{"weights": WEIGHTS, "size": 6, **changes})


def test_a_step_draws_the_same_whenever_it_is_asked():
    again = TaskBatches(PAIRS, 11)
    assert [draw(step) for step in (0, 1, 7)] == [draw(step, again) for step in (0, 1, 7)]
    assert [draw(step) for step in (7, 0)] == [draw(step, again) for step in (7, 0)]


def test_another_step_or_seed_draws_another_batch():
    assert draw(0) != draw(1)
    assert draw(0) != draw(0, TaskBatches(PAIRS, 12))


def test_a_batch_holds_one_task_and_no_pair_twice():
    for step in range(40):
        drawn = draw(step)
        assert len({pair.task for pair in drawn}) == 1
        assert len({(pair.task, pair.query_text) for pair in drawn}) == len(drawn) == 6


def test_answers_are_all_different_where_there_are_enough():
    for step in range(40):
        drawn = draw(step)
        answers = {pair.answer for pair in drawn}
        assert len(answers) == (6 if drawn[0].task == "keywords" else 4)


def test_a_task_comes_as_often_as_it_weighs():
    # 3 : 1 over 400 steps: 300 expected, standard deviation 8.7.
    counted = Counter(draw(step)[0].task for step in range(400))
    assert set(counted) == {"keywords", "name"}
    assert abs(counted["keywords"] - 300) < 4 * 8.7


def test_a_task_smaller_than_a_batch_gives_all_it_has():
    drawn = draw(5, weights={"idle": 0.2})
    assert {pair.query_text for pair in drawn} == {"0 0", "1 0", "2 0"}


def test_a_weight_for_a_task_that_is_not_there_is_refused():
    with pytest.raises(
        ConfigError, match="task weights name 'keyword'; the data's tasks are keywords, name, idle"
    ):
        BATCHES.check({"keywords": 0.5, "keyword": 1.0})
    BATCHES.check({"keywords": 0.5})
