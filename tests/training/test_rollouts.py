import numpy as np
import pytest

from forethought.training.recipe import Rollouts
from forethought.training.rollouts import write_rationales
from forethought.types import Content, Image, Message, Side, Text

SETTINGS = Rollouts(budget=9, temperature=0.8, rollout_interval=3)
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
        tiny_encoder.renderer.render(Message(shown, "Find it.", Side.QUERY)) for shown in contents
    ]


def write(encoder, prompts, seed=5, **options):
    return write_rationales(encoder.engine, prompts, settings=SETTINGS, seed=seed, **options)


@pytest.mark.parametrize("batch_size", [2, 256])
def test_each_prompt_gets_its_own_rationale_in_order(tiny_encoder, prompts, batch_size):
    rows = write(tiny_encoder, prompts, batch_size=batch_size)
    assert [row.prompt for row in rows] == prompts
    for row in rows:
        assert not row.taught
        assert 1 <= len(row.completion) <= 10
        assert row.completion[-1] == tiny_encoder.engine.completion_format.embed_id


def test_the_seed_alone_decides_what_is_drawn(tiny_encoder, prompts):
    first, again, other = (write(tiny_encoder, prompts, seed=seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(tiny_encoder, prompts, training):
    network = tiny_encoder.engine.backbone.network
    network.train(training)
    write(tiny_encoder, prompts)
    assert network.training is training
    network.eval()
