import numpy as np
import pytest

from benchmarks import hf_baseline, ours
from benchmarks.results import agreement

TARGETS = ("forethought_target", "ume_target", "fixed_length_target")


@pytest.fixture
def fixed_length_target(random_target):
    return random_target.with_length(11)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("baseline", [hf_baseline.card, hf_baseline.generate_then_read])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_baseline_has_our_completions_and_our_vectors(
    name, baseline, batch_size, inputs, request
):
    target = request.getfixturevalue(name)
    expected = ours.completions(target, inputs)
    found = baseline(target, inputs, batch_size=batch_size)
    assert found.completions == expected.completions
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=2e-5)


@pytest.mark.parametrize("name", TARGETS)
def test_encode_has_the_vectors_of_the_engines_completions(name, inputs, request):
    target = request.getfixturevalue(name)
    thought, expected = ours.thought(target, inputs), ours.completions(target, inputs)
    np.testing.assert_allclose(thought.vectors, expected.vectors, atol=2e-5)


@pytest.mark.parametrize("name", TARGETS)
def test_a_stock_forward_has_our_direct_vectors(name, inputs, request):
    target = request.getfixturevalue(name)
    found = hf_baseline.direct(target, inputs, batch_size=3)
    assert agreement(ours.direct(target, inputs).vectors, found.vectors).holds


def test_rationales_of_a_fixed_length_are_all_of_that_length(random_target, inputs):
    completions = ours.completions(random_target.with_length(7), inputs).completions
    # Seven tokens and the embed token behind them.
    assert {len(completion) for completion in completions} == {8}
