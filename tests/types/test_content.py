import pytest

from forethought.errors import ContentError
from forethought.types import Text


@pytest.mark.parametrize("words", ["", " ", "\n\t "])
def test_an_empty_text_is_refused(words):
    with pytest.raises(ContentError, match="text is empty"):
        Text(words)


def test_half_a_character_is_refused():
    with pytest.raises(ContentError, match=r"no Unicode at 2 .half a surrogate pair."):
        Text("a \ud83d")
