import numpy as np
import pytest

from forethought.types import ContentKind, Image, Text, Video, kind_of

PIXELS = np.zeros((2, 3, 3), dtype=np.uint8)
TEXT, PICTURE, PAGE = Text("a cup"), Image(PIXELS), Image(PIXELS, is_page=True)
VIDEO = Video([PIXELS, PIXELS, PIXELS])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ((TEXT, TEXT), ContentKind.TEXT),
        ((PICTURE, PAGE), ContentKind.PICTURE),
        ((PAGE, PAGE), ContentKind.PAGE),
        ((TEXT, PICTURE), ContentKind.PICTURE_AND_TEXT),
        ((PAGE, TEXT), ContentKind.PICTURE_AND_TEXT),
        ((PICTURE, VIDEO, TEXT), ContentKind.VIDEO),
        ((VIDEO,), ContentKind.VIDEO),
    ],
)
def test_a_kind_follows_from_the_parts_in_any_order(content, kind):
    assert kind_of(content) is kind
    assert kind_of(content[::-1]) is kind
