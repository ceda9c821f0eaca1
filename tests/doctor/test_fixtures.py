import numpy as np

from forethought.doctor import fixtures
from forethought.types import Image, Text


def test_three_messages_of_three_lengths_one_with_a_picture():
    few, seen, more = fixtures.words(), fixtures.picture(), fixtures.more_words()
    (short,), (long,) = few.content, more.content
    assert isinstance(short, Text)
    assert isinstance(long, Text)
    assert len(long.words) > 4 * len(short.words)
    assert isinstance(seen.content[0], Image)
    # No two rows of it are alike: a row that was lost would show.
    assert len(np.unique(seen.content[0].pixels, axis=0)) == 56
