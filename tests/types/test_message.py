import pytest

from forethought.errors import ContentError
from forethought.types import Message, Side


def test_a_message_with_nothing_in_it_is_refused():
    with pytest.raises(ContentError, match="message has no content: show it at least one"):
        Message((), "Find it.", Side.QUERY)
