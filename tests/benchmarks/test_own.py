import numpy as np

from benchmarks import own


def test_a_shut_gate_is_asked_and_thinks_about_nothing(own_format, inputs):
    gated, direct = own.gated(own_format, inputs), own.direct(own_format, inputs)
    np.testing.assert_allclose(gated.vectors, direct.vectors, atol=2e-5)
    found = own.shut(own_format).encoder.encode(inputs, think="auto")
    assert not np.isnan(found.gate).any()
    assert found.tokens.sum() == 0


def test_reading_a_known_rationale_gives_the_vector_of_writing_it(ume, inputs):
    written = own.written(ume, inputs)
    again = own.Reread(ume, written.completions)(inputs)
    np.testing.assert_allclose(again.vectors, written.vectors, atol=2e-5)


def test_samples_of_one_input_are_alike_when_greedy(own_format, inputs):
    one = own.samples(own_format, inputs[1], count=1)
    many = own.samples(own_format, inputs[1], count=3)
    assert many.completions == one.completions * 3
    np.testing.assert_allclose(many.vectors, np.repeat(one.vectors, 3, axis=0), atol=2e-5)
