import numpy as np

from forethought.doctor import fixtures
from forethought.types import Image, Text


def test_texts_differ_in_length_and_no_row_of_the_picture_repeats():
    (short,), (long,) = fixtures.short_text().content, fixtures.long_text().content
    assert isinstance(short, Text)
    assert isinstance(long, Text)
    assert len(long.words) > 4 * len(short.words)
    picture = fixtures.picture_with_text().content[0]
    assert isinstance(picture, Image)
    assert len(np.unique(picture.pixels, axis=0)) == 56
