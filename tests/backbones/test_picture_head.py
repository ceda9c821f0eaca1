"""The head: what its layers say, and how much ConSE adds to it."""

import numpy as np
import pytest
import torch

from forethought.backbones.picture_head import HeadSizes, PictureHead, distances


@pytest.fixture
def head():
    torch.manual_seed(11)
    made = PictureHead(HeadSizes(features=5, hidden=7, dimension=3, classes=2))
    made.mean.copy_(torch.tensor([100.0, 50.0, 50.0, 2.0, 3.0]))
    made.spread.copy_(torch.tensor([40.0, 30.0, 20.0, 1.5, 2.0]))
    made.class_vectors.copy_(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0]]))
    made.far.copy_(torch.tensor(1.5))
    return made.requires_grad_(requires_grad=False)


def test_a_distance_is_the_root_mean_square_in_standard_deviations():
    rows = torch.tensor([[3.0, -4.0], [0.0, 0.0], [2.0, 2.0]])
    torch.testing.assert_close(distances(rows), torch.tensor([12.5**0.5, 0.0, 2.0]))


def test_the_nearer_a_picture_is_to_the_drawings_the_less_conse_counts(head):
    probabilities = torch.tensor([[1.0, 0.0]]).expand(3, 2)
    steps = torch.tensor([[0.1], [1.5], [9.0]])
    learned = head.project(steps.expand(3, 5))
    found = head(head.mean + steps * head.spread, probabilities)
    named = torch.tensor([0.0, 1.0, 0.0])
    # Weights of 1.5 sigmoid((distance - 1.5) / 0.3): 0.01, 0.75 and 1.5.
    for row, weight in enumerate([1.5 / (1 + np.exp(1.4 / 0.3)), 0.75, 1.5]):
        expected = torch.nn.functional.normalize(learned[row] + weight * named, dim=0)
        torch.testing.assert_close(found[row], expected, atol=1e-5, rtol=0)


def test_vectors_are_of_unit_length_whatever_the_features(head):
    features = 100 * torch.randn(4, 5, generator=torch.Generator().manual_seed(2))
    found = head(features, torch.tensor([[0.25, 0.75]]).expand(4, 2))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(4))
