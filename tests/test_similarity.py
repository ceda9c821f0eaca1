import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.similarity import cosine, normalize, truncate


def test_normalize_gives_the_direction_in_float32():
    # (3, 4) is 5 long, (0, -2) is 2 long.
    unit = normalize(torch.tensor([[3.0, 4.0], [0.0, -2.0], [8.0, 6.0]], dtype=torch.bfloat16))
    expected = torch.tensor([[0.6, 0.8], [0.0, -1.0], [0.8, 0.6]])
    torch.testing.assert_close(unit, expected)


def test_normalize_takes_entries_whose_square_is_not_representable():
    # 1e-30 squared is zero in float32, and 1e30 squared is infinite.
    unit = normalize(torch.tensor([[3e-30, 4e-30], [3e30, 4e30]]))
    torch.testing.assert_close(unit, torch.tensor([[0.6, 0.8], [0.6, 0.8]]))


def test_the_gradient_of_normalize_is_that_of_dividing_by_the_length():
    # d(x/|x|)/dx = (1 - uu^T)/|x|; for x = (3, 4) and the first entry: (0.64, -0.48)/5.
    x = torch.tensor([[3.0, 4.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(normalize(x)[0, 0], x)
    torch.testing.assert_close(gradient, torch.tensor([[0.128, -0.096]]))


@pytest.mark.parametrize("bad", [0.0, math.nan, math.inf])
def test_a_vector_without_direction_is_refused(bad):
    with pytest.raises(ValueError, match="zero or not finite, so it has no direction"):
        normalize(torch.tensor([[1.0, 2.0, 3.0], [bad, 0.0, 0.0]]))


def test_cosine_matches_hand_computed_values():
    # Q=2, P=3, D=2: the lengths are 1 and 13 against 5, 2 and 7, and the products of
    # the second row are 15 + 48, 24 and -35.
    a = torch.tensor([[1.0, 0.0], [5.0, 12.0]])
    b = torch.tensor([[3.0, 4.0], [0.0, 2.0], [-7.0, 0.0]])
    expected = torch.tensor([[0.6, 0.0, -1.0], [63 / 65, 12 / 13, -5 / 13]])
    torch.testing.assert_close(cosine(a, b), expected)


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 999))
def test_cosine_does_not_depend_on_length_and_is_symmetric(scale, seed):
    draw = torch.Generator().manual_seed(seed)
    a = torch.randn(2, 5, generator=draw)
    b = torch.randn(3, 5, generator=draw)
    torch.testing.assert_close(cosine(a * scale, b), cosine(b, a).T)


def test_truncation_takes_the_first_entries_and_scales_them():
    found = truncate(torch.tensor([[3.0, 4.0, 12.0], [0.0, -2.0, 1.0]]), 2)
    torch.testing.assert_close(found, torch.tensor([[0.6, 0.8], [0.0, -1.0]]))


def test_truncation_to_all_entries_is_normalisation():
    vectors = torch.tensor([[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]])
    torch.testing.assert_close(truncate(vectors, 3), normalize(vectors))


@pytest.mark.parametrize("dim", [0, -1, 4])
def test_a_dimension_that_the_vectors_do_not_have_is_refused(dim):
    with pytest.raises(ValueError, match=f"from 1 to the vectors' 3, got {dim}"):
        truncate(torch.ones(2, 3), dim)
