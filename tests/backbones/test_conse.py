import pytest
import torch

from forethought.backbones import conse

CLASSES = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])


def test_the_most_probable_classes_are_weighted_by_their_probability():
    # (0.6, 0, 0.3) has length 0.3 * sqrt(5); the third class by rank is left out.
    vectors = conse(torch.tensor([[0.6, 0.1, 0.3]]), CLASSES, top=2)
    expected = torch.tensor([[2 / 5**0.5, 0, 1 / 5**0.5, 0]])
    torch.testing.assert_close(vectors, expected)


def test_fewer_classes_than_the_top_are_all_averaged():
    probabilities = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    vectors = conse(probabilities, CLASSES)
    assert vectors.shape == (2, 4)
    torch.testing.assert_close(vectors[0, :3] / vectors[0, 0], torch.tensor([1.0, 1.5, 2.5]))
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(2))


@pytest.mark.parametrize("factor", [0.1, 7.0])
def test_the_scale_of_the_probabilities_makes_no_difference(factor):
    probabilities = torch.tensor([[0.5, 0.2, 0.3]])
    torch.testing.assert_close(
        conse(probabilities * factor, CLASSES, top=2), conse(probabilities, CLASSES, top=2)
    )
