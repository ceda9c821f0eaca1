import pytest

from forethought.errors import ContentError
from forethought.types import Message, Side


def test_a_message_without_content_is_refused():
    with pytest.raises(ContentError, match="message has no content: give it at least one"):
        Message((), "Find it.", Side.QUERY)
