import dataclasses
import weakref

import pytest

from forethought.backbones import QwenVL
from forethought.engines import DecodeOptions, Limits
from forethought.types import Message, Side, Text


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    texts = ["red", "green, square", "blue", "orange, square"]
    return [
        tiny_encoder.renderer.render(Message((Text(text),), "Find it.", Side.QUERY))
        for text in texts
    ]


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_a_prefill_is_freed_before_the_next_step(tiny_encoder, prompts, rows):
    prefills: list[weakref.ref[object]] = []
    steps = []

    class Watching(QwenVL):
        def extend(self, token_ids, *, positions, cache):
            steps.append([prefill() for prefill in prefills])
            return super().extend(token_ids, positions=positions, cache=cache)

    def decide(prefill, group):
        prefills.append(weakref.ref(prefill.cache.layers[0][0]))
        return range(len(group)), [0.5] * len(group)

    engine = tiny_encoder.engine
    watched = dataclasses.replace(
        engine, backbone=Watching(engine.backbone.network), limits=Limits(rows=rows)
    )
    outputs = list(watched.run(prompts, decide=decide, decode_options=DecodeOptions(4)))
    assert len(outputs) == len(prompts)
    assert steps
    assert not any(alive for step in steps for alive in step)
