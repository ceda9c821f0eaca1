from collections import Counter

import pytest

from forethought.data import ExampleKey, TaskBatches
from forethought.errors import ConfigError


class Keys:
    """A source of which only the keys are read."""

    def __init__(self, keys):
        self._keys = keys

    def iter_keys(self):
        return iter(self._keys)

    def __len__(self):
        return len(self._keys)

    def __getitem__(self, index):
        raise AssertionError(f"example {index} was read")

    def __iter__(self):
        raise AssertionError("examples were read")

    def shard(self, rank, world_size):
        return Keys(self._keys[rank::world_size])


def keys(task, labels, each):
    return [ExampleKey(task, str(label)) for label in range(labels) for _ in range(each)]


KEYS = [*keys("keywords", 9, 3), *keys("name", 4, 2), *keys("idle", 3, 1)]
WEIGHTS = {"keywords": 3.0, "name": 1.0}
BATCHES = TaskBatches(Keys(KEYS), 11)


def draw(step, batches=BATCHES, **changes):
    return batches.at(step, **{"weights": WEIGHTS, "size": 6, **changes})


def test_a_step_draws_the_same_every_time():
    again = TaskBatches(Keys(KEYS), 11)
    assert [draw(step) for step in (0, 1, 7)] == [draw(step, again) for step in (0, 1, 7)]
    assert [draw(step) for step in (7, 0)] == [draw(step, again) for step in (7, 0)]


def test_another_step_or_seed_draws_another_batch():
    assert draw(0) != draw(1)
    assert draw(0) != draw(0, TaskBatches(Keys(KEYS), 12))


def test_a_batch_holds_one_task_and_no_example_twice():
    for step in range(40):
        drawn = draw(step)
        assert len({KEYS[index].task for index in drawn}) == 1
        assert len(set(drawn)) == len(drawn) == 6


def test_labels_are_all_different_where_there_are_enough():
    for step in range(40):
        drawn = [KEYS[index] for index in draw(step)]
        labels = {key.label for key in drawn}
        assert len(labels) == (6 if drawn[0].task == "keywords" else 4)


def test_a_task_comes_as_often_as_it_weighs():
    # 3 : 1 over 400 steps: 300 expected, standard deviation 8.7.
    counted = Counter(KEYS[draw(step)[0]].task for step in range(400))
    assert set(counted) == {"keywords", "name"}
    assert abs(counted["keywords"] - 300) < 4 * 8.7


def test_without_weights_a_task_comes_in_proportion_to_its_examples():
    # 27, 8 and 3 of 38 examples, over 400 steps: 284, 84 and 32; standard deviations 9.1, 8.2
    # and 5.4.
    counted = Counter(KEYS[draw(step, weights={})[0]].task for step in range(400))
    for task, expected, deviation in (
        ("keywords", 284, 9.1),
        ("name", 84, 8.2),
        ("idle", 32, 5.4),
    ):
        assert abs(counted[task] - expected) < 4 * deviation


def test_a_task_smaller_than_a_batch_gives_all_it_has():
    drawn = draw(5, weights={"idle": 0.2})
    assert {KEYS[index] for index in drawn} == set(keys("idle", 3, 1))


def test_a_weight_for_a_task_without_examples_is_refused():
    with pytest.raises(
        ConfigError, match="task weights name 'keyword'; the data's tasks are keywords, name, idle"
    ):
        BATCHES.check({"keywords": 0.5, "keyword": 1.0})
    BATCHES.check({"keywords": 0.5})


def test_data_without_examples_are_refused():
    with pytest.raises(ConfigError, match="the data hold no examples; name a file"):
        TaskBatches(Keys([]), 11).check({})
