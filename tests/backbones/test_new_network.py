import dataclasses
from typing import Any

import pytest
import torch

from forethought.backbones import new_network
from forethought.errors import ConfigError
from tests import tiny
from tests.backbones.networks import IDS, network, weights
from tests.backbones.random_tower import frozen_weights


def test_the_same_seed_gives_the_same_weights_whatever_the_global_generator_drew_before():
    first = weights(network(1))
    torch.rand(7)
    again, other = weights(network(1)), weights(network(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_making_a_network_does_not_advance_the_global_generator():
    before = torch.random.get_rng_state()
    network()
    assert torch.equal(before, torch.random.get_rng_state())


PARTS: dict[str, Any] = {"vision_hidden": None, "vision_layers": None, "vision_heads": None}


def fresh(*, frozen=None, embeddings=None, **changes):
    shape = dataclasses.replace(tiny.SHAPE, **PARTS, **changes)
    return new_network(
        shape,
        token_ids=IDS,
        generator=torch.Generator().manual_seed(1),
        frozen=frozen,
        embeddings=embeddings,
    )


def test_a_shape_without_a_vision_encoder_is_a_network_of_text_alone():
    made = fresh()
    assert made.config.model_type == "forethought_vl"
    assert made.model.visual is None


def test_a_frozen_tower_has_its_weights_and_tokens_of_the_embeddings_spread():
    frozen = frozen_weights()
    rows = 0.2 * torch.randn(tiny.SHAPE.vocabulary, tiny.SHAPE.hidden)
    made = fresh(tower="a:b", frozen=frozen, embeddings=rows)
    assert torch.equal(made.model.visual.net.stem.weight, frozen.net["stem.weight"])
    assert torch.equal(made.model.visual.class_vectors, frozen.head.class_vectors)
    assert made.config.vision_config.spread == pytest.approx(rows.std().item())
    assert torch.equal(made.get_input_embeddings().weight, rows)
    assert made.lm_head.weight is made.get_input_embeddings().weight


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vision_layers": None}, "belong together: give all three, or none"),
        ({"tower": "a:b"}, "one vision encoder: give `tower`, which is frozen, or"),
        ({"heads": 5}, r"hidden must be a multiple of 2 x heads, .* got 32, 5 and 1"),
        ({"heads": 4, "key_value_heads": 3}, "heads one of key_value_heads, got 32, 4 and 3"),
    ],
)
def test_sizes_that_do_not_fit_together_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(tiny.SHAPE, **changes)


def test_embeddings_of_another_size_are_refused():
    with pytest.raises(ConfigError, match=r"are 7 x 32, but the shape has .* 320 x 32"):
        fresh(embeddings=torch.zeros(7, 32))


def test_frozen_weights_of_another_net_are_refused():
    frozen = frozen_weights()
    frozen.net.pop("head.bias")
    with pytest.raises(ConfigError, match="do not fit EfficientNet-Lite0"):
        fresh(tower="a:b", frozen=frozen)
    with pytest.raises(ConfigError, match="give both, or neither"):
        fresh(tower="a:b")
