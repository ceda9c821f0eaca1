import numpy as np

from benchmarks import ours


def test_a_closed_gate_is_evaluated_and_lets_nothing_think(forethought_target, inputs):
    gated, direct = ours.gated(forethought_target, inputs), ours.direct(forethought_target, inputs)
    np.testing.assert_allclose(gated.vectors, direct.vectors, atol=2e-5)
    closed = ours.with_closed_gate(forethought_target)
    found = closed.encoder.encode(inputs, think="auto")
    assert not np.isnan(found.gate).any()
    assert found.tokens.sum() == 0


def test_rereading_a_completion_gives_the_vector_of_decoding_it(ume_target, inputs):
    decoded = ours.completions(ume_target, inputs)
    reread = ours.Reread(ume_target, decoded.completions)(inputs)
    np.testing.assert_allclose(reread.vectors, decoded.vectors, atol=2e-5)


def test_greedy_samples_of_one_input_are_equal(forethought_target, inputs):
    one = ours.samples(forethought_target, inputs[1], count=1)
    many = ours.samples(forethought_target, inputs[1], count=3)
    assert many.completions == one.completions * 3
    np.testing.assert_allclose(many.vectors, np.repeat(one.vectors, 3, axis=0), atol=2e-5)
