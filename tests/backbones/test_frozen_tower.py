"""The frozen vision encoder: its features, its tokens, and that it stays as it is."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from forethought.backbones import VideoSettings, tower_image_processor
from forethought.backbones.efficientnet import EFFICIENTNET_FEATURES, EfficientNetLite
from forethought.types import FramePolicy, Image, Video
from tests.backbones.random_tower import CLASS_WIDTH, HIDDEN, frozen_weights, picture, tower


def assert_close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def made():
    return tower()


def inputs(*arrays):
    """The patches and grids of pictures."""
    found = [tower_image_processor()(Image(array)) for array in arrays]
    values = np.concatenate([patches.values for patches in found])
    return torch.from_numpy(values), torch.tensor([patches.grid for patches in found])


def plain_maps(array):
    """The feature map of the plain net, from the pixels as the weights were published for them."""
    net = EfficientNetLite().eval()
    frozen = frozen_weights()
    net.load_state_dict(frozen.net)
    pixels = (torch.from_numpy(array.copy()).permute(2, 0, 1)[None].float() - 127) / 128
    with torch.no_grad():
        return net, frozen.head, net(pixels)


def conse(net, class_vectors, features):
    """Equation 2 of arXiv 1312.5650, one class at a time."""
    with torch.no_grad():
        probabilities = net.classifier(features).softmax(0)
    best = probabilities.argsort(descending=True)[:10]
    total = sum(probabilities[each] * class_vectors[each] for each in best)
    return total / total.norm()


def test_features_of_a_square_picture_are_those_of_the_plain_net(made):
    array = picture(1, 224, 224)
    found = made.features(*inputs(array))
    net, head, maps = plain_maps(array)
    # 7 x 7 to 4 x 4: the first of four windows spans rows 0 and 1, the last rows 5 and 6.
    corner, last = maps[0, :, :2, :2].mean((1, 2)), maps[0, :, 5:, 5:].mean((1, 2))
    width = EFFICIENTNET_FEATURES + 2 * CLASS_WIDTH + 1
    assert found.shape == (16, width) == (16, made.feature_width)
    assert_close(found[0, :EFFICIENTNET_FEATURES], corner)
    assert_close(found[15, :EFFICIENTNET_FEATURES], last)
    place, whole, best = found[:, EFFICIENTNET_FEATURES:].split(
        [CLASS_WIDTH, CLASS_WIDTH, 1], dim=1
    )
    assert_close(place[15], conse(net, head.class_vectors, last))
    everywhere = maps[0].mean((1, 2))
    probabilities = net.classifier(everywhere).softmax(0)
    with torch.no_grad():
        vector = head(everywhere[None], probabilities[None])
    assert_close(whole, vector.expand(16, -1))
    assert_close(best, probabilities.max().expand(16, 1))


def test_a_wide_picture_is_run_at_its_own_aspect_ratio(made):
    array = picture(2, 336, 560)
    patches, grids = inputs(array)
    assert grids.tolist() == [[1, 3, 5]]
    _, _, maps = plain_maps(tower_image_processor().resize(Image(array)))
    pooled = F.adaptive_avg_pool2d(maps, (3, 5))[0].flatten(1).T
    assert_close(made.features(patches, grids)[:, :EFFICIENTNET_FEATURES], pooled)


def test_pictures_of_all_sizes_share_a_call_in_any_order(made):
    arrays = [picture(3, 560, 336), *(picture(seed, 224, 224) for seed in range(4, 22))]
    arrays.insert(7, picture(23, 336, 560))
    together = made.features(*inputs(*arrays))
    alone = torch.cat([made.features(*inputs(array)) for array in arrays])
    assert_close(together, alone)


def test_the_frames_of_one_temporal_patch_are_averaged(made):
    frames = [picture(seed, 224, 224) for seed in (31, 32, 33)]
    video = VideoSettings(FramePolicy(count=3), min_pixels=224**2, max_pixels=224**2)
    patches = replace(tower_image_processor(), video=video)(Video(frames))
    assert patches.grid == (2, 4, 4)
    found = made.features(torch.from_numpy(patches.values), torch.tensor([patches.grid]))
    # The third frame is repeated: its temporal patch is a still picture.
    assert_close(found[16:], made.features(*inputs(frames[2])))
    mean = np.mean(frames[:2], axis=0)
    _, _, maps = plain_maps(mean)
    pooled = F.adaptive_avg_pool2d(maps, 4)[0].flatten(1).T
    assert_close(found[:16, :EFFICIENTNET_FEATURES], pooled)


def test_projecting_features_computed_before_equals_the_whole_pass(made):
    patches, grids = inputs(picture(1, 224, 224), picture(2, 336, 560))
    with torch.no_grad():
        whole = made(patches, grid_thw=grids).pooler_output
        after = made(made.features(patches, grids), grid_thw=grids).pooler_output
    assert whole.shape == (31, HIDDEN)
    assert torch.equal(whole, after)


def test_initial_tokens_have_about_the_spread_that_was_asked_for():
    patches, grids = inputs(*(picture(seed, 224, 224) for seed in range(4)))
    with torch.no_grad():
        tokens = tower(spread=0.05, hidden=200)(patches, grid_thw=grids).pooler_output
    assert tokens.std().item() == pytest.approx(0.05, rel=0.25)


def test_nothing_trains_the_frozen_weights():
    made = tower()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    made.requires_grad_(requires_grad=True).train()
    optimizer = torch.optim.AdamW(made.parameters(), lr=0.1, weight_decay=0.5)
    made(*inputs(picture(1, 224, 224))).pooler_output.square().sum().backward()
    optimizer.step()
    after = made.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {f"projector.{name}" for name, _ in made.projector.named_parameters()}


def test_features_are_float32_under_autocast(made):
    patches, grids = inputs(picture(1, 224, 224))
    plain = made.features(patches, grids)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(made.features(patches, grids), plain)
