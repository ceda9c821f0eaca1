import dataclasses

import numpy as np
import pytest

from forethought.training.recipe import RolloutSettings
from forethought.training.rollouts import sample_completions
from forethought.training.world import World
from forethought.types import Content, Image, Message, Side, Text
from tests import tiny

SETTINGS = RolloutSettings(budget=9, temperature=0.8, interval=3)
PICTURE = Image(np.full((56, 56, 3), (30, 180, 60), np.uint8))


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    contents: list[tuple[Content, ...]] = [
        (Text("a rather long question"),),
        (Text("red"),),
        (PICTURE,),
        (Text("blue ink"),),
    ]
    return [
        tiny_encoder.renderer.render(Message(content, "Find it.", Side.QUERY))
        for content in contents
    ]


def sample(encoder, prompts, seed=5, **options):
    return sample_completions(encoder.engine, prompts, settings=SETTINGS, seed=seed, **options)


@pytest.mark.parametrize("batch_size", [2, 256])
def test_each_prompt_gets_a_completion_that_ends_in_the_embed_token(
    tiny_encoder, prompts, batch_size
):
    completions = sample(tiny_encoder, prompts, batch_size=batch_size)
    assert len(completions) == len(prompts)
    for completion in completions:
        assert 1 <= len(completion) <= 10
        assert completion[-1] == tiny_encoder.engine.completion_format.embed_id


def test_the_seed_alone_decides_what_is_drawn(tiny_encoder, prompts):
    first, again, other = (sample(tiny_encoder, prompts, seed=seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(tiny_encoder, prompts, training):
    network = tiny_encoder.engine.backbone.network
    network.train(training)
    sample(tiny_encoder, prompts)
    assert network.training is training
    network.eval()


@pytest.fixture
def rollouts(tiny_data, tmp_path):
    """Those of the tiny run: steps 5 to 10 sample, three at a time."""
    return tiny.state(tiny.recipe(tiny_data), tmp_path).train_step.rollouts


def test_completions_are_sampled_for_an_interval_and_no_further_than_the_stage(rollouts):
    # Intervals end at multiples of three: 5, then 6 to 8, then 9 and 10.
    left = []
    for step in range(5, 11):
        rollouts.take(step)
        left.append(sorted(rollouts.pending))
    assert left == [[], [7, 8], [8], [], [10], []]


def test_a_stage_without_self_generated_pairs_samples_nothing(rollouts):
    (batch,) = rollouts.take(1)
    assert (len(batch.drawn.pairs), batch.completions, rollouts.pending) == (6, (), {})


def test_a_process_whose_pairs_write_nothing_samples_at_the_steps_of_the_others(rollouts):
    # One of six pairs writes, and the first process has it: the second resumes at the same step.
    first, second = rollouts.recipe.stages
    stages = (first, dataclasses.replace(second, self_generated=0.2))
    recipe = dataclasses.replace(rollouts.recipe, stages=stages)
    for rank, written in ((0, 2), (1, 0)):
        builder = dataclasses.replace(rollouts.builder, world=World(rank, 2))
        mine = dataclasses.replace(rollouts, recipe=recipe, builder=builder, _pending={})
        mine.take(6)
        assert {step: [len(b) for b in batches] for step, batches in mine.pending.items()} == {
            7: [written],
            8: [written],
        }


def test_pending_completions_are_restored_in_a_resumed_run(rollouts):
    rollouts.take(6)
    resumed = dataclasses.replace(rollouts, _pending={})
    resumed.restore(rollouts.pending)
    assert resumed.pending == rollouts.pending
    (batch,), (again,) = rollouts.take(7), resumed.take(7)
    assert batch.completions == again.completions
    assert [p.token_ids for p in batch.drawn.queries] == [p.token_ids for p in again.drawn.queries]
