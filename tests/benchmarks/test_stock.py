import numpy as np
import pytest

from benchmarks import own, stock
from benchmarks.rows import agreement

SUBJECTS = ("own_format", "ume", "shaped_forced")


@pytest.fixture
def shaped_forced(shaped):
    return shaped.forced(11)


@pytest.mark.parametrize("named", SUBJECTS)
@pytest.mark.parametrize("rival", [stock.card, stock.plain])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_rival_writes_what_we_write_and_has_our_vectors(
    named, rival, batch_size, inputs, request
):
    subject = request.getfixturevalue(named)
    ours = own.written(subject, inputs)
    theirs = rival(subject, inputs, batch_size=batch_size)
    assert theirs.completions == ours.completions
    np.testing.assert_allclose(theirs.vectors, ours.vectors, atol=2e-5)


@pytest.mark.parametrize("named", SUBJECTS)
def test_encode_thinks_what_the_engine_is_seen_to_write(named, inputs, request):
    subject = request.getfixturevalue(named)
    thought, written = own.thought(subject, inputs), own.written(subject, inputs)
    np.testing.assert_allclose(thought.vectors, written.vectors, atol=2e-5)


@pytest.mark.parametrize("named", SUBJECTS)
def test_a_stock_forward_has_our_direct_vectors(named, inputs, request):
    subject = request.getfixturevalue(named)
    theirs = stock.direct(subject, inputs, batch_size=3)
    assert agreement(own.direct(subject, inputs).vectors, theirs.vectors).holds


def test_forced_rationales_are_all_of_one_length(shaped, inputs):
    lengths = {len(written) for written in own.written(shaped.forced(7), inputs).completions}
    # Seven tokens and the embed token behind them.
    assert lengths == {8}
