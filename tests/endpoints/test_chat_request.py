import pytest

from forethought.endpoints import ChatRequest
from forethought.errors import ConfigError
from forethought.types import Text

GIVEN = {"content": (Text("a"),), "max_tokens": 5, "temperature": 0.5}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"content": ()}, "content is empty"),
        ({"max_tokens": 0}, "max_tokens must be at least 1"),
        ({"temperature": -0.1}, r"temperature must be in \[0, 2\]"),
        ({"top_p": 0.0}, r"top_p must be in \(0, 1\]"),
        ({"top_logprobs": 21}, r"top_logprobs must be in \[0, 20\]"),
    ],
)
def test_a_setting_out_of_range_is_refused(changed, message):
    with pytest.raises(ConfigError, match=message):
        ChatRequest(**{**GIVEN, **changed})


def test_a_request_for_the_next_token_is_greedy_and_short():
    found = ChatRequest.next_token((Text("a"),), system="s", top_logprobs=7)
    assert (found.max_tokens, found.temperature, found.top_logprobs, found.system) == (1, 0, 7, "s")
