import dataclasses

import pytest

from forethought.backbones import load_checkpoint, new_skeleton, read_skeleton
from forethought.errors import ModelError
from tests import published, tiny


def shapes(network):
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("family", ["ume_r1", "rge", "mmemb_r1"])
def test_a_skeleton_has_the_weights_of_the_checkpoint_and_no_memory_for_them(family, tmp_path):
    folder = published.make(family, tmp_path)
    skeleton = read_skeleton(folder).network
    assert all(parameter.is_meta for parameter in skeleton.parameters())
    (folder / "model.safetensors").unlink()
    assert shapes(read_skeleton(folder).network) == shapes(skeleton)
    again = published.make(family, tmp_path)
    assert shapes(load_checkpoint(again).network) == shapes(skeleton)


def test_a_folder_without_a_config_has_none(tmp_path):
    with pytest.raises(ModelError, match=r"no readable config\.json"):
        read_skeleton(tmp_path)


@pytest.mark.parametrize("tower", [None, "tests.backbones.random_tower:frozen_weights"])
def test_a_new_skeleton_has_the_weights_of_the_network_that_is_drawn(tower, sees, words):
    shape = dataclasses.replace(
        tiny.SHAPE, vision_hidden=None, vision_layers=None, vision_heads=None, tower=tower
    )
    skeleton = new_skeleton(shape).network
    made = load_checkpoint(sees if tower else words).network
    assert [name for name, _ in made.named_parameters()] == [
        name for name, _ in skeleton.named_parameters()
    ]
    # The sizes of a tower's head are not in the shape.
    text = {name: found for name, found in shapes(skeleton).items() if ".visual." not in name}
    assert text == {n: found for n, found in shapes(made).items() if ".visual." not in n}


def test_a_new_skeleton_may_have_a_vision_encoder_that_is_trained():
    names = shapes(new_skeleton(tiny.SHAPE).network)
    assert any(name.startswith("model.visual.blocks.0") for name in names)
