import json
import math

import pytest

from forethought.endpoints import Usage
from forethought.endpoints.chat_reply import (
    MalformedReplyError,
    NoLogprobsError,
    parse_reply,
)


def body(message, *, logprobs=None, **table):
    choice = {"message": message, "finish_reason": "stop", "logprobs": logprobs}
    return json.dumps({"choices": [choice], **table}).encode()


def test_missing_parts_are_empty():
    reply = parse_reply(body({"content": None}), has_logprobs=False)
    assert (reply.text, reply.reasoning, reply.usage) == ("", "", Usage(0, 0))


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": "7"}, {"prompt_tokens": -1}])
def test_usage_that_is_no_count_is_none(usage):
    assert parse_reply(body({"content": "a"}, usage=usage), has_logprobs=False).usage == Usage()


def test_tokens_that_are_spelled_alike_add_up():
    top = [{"token": "Yes", "logprob": math.log(p)} for p in (0.5, 0.25)]
    top.append({"token": "No", "logprob": -math.inf})
    logprobs = {"content": [{"token": "Yes", "logprob": math.log(0.5), "top_logprobs": top}]}
    found = parse_reply(body({"content": "Yes"}, logprobs=logprobs), has_logprobs=True).logprobs
    assert found["Yes"] == pytest.approx(math.log(0.75))
    assert found["No"] == -math.inf


def test_the_token_itself_stands_in_for_an_empty_list():
    logprobs = {"content": [{"token": "Yes", "logprob": -0.3, "top_logprobs": []}]}
    assert parse_reply(body({"content": "Yes"}, logprobs=logprobs), has_logprobs=True).logprobs == {
        "Yes": -0.3
    }


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {"content": []},
        {"content": [{"token": "a"}]},
        {"content": [{"token": "a", "logprob": math.nan}]},
    ],
)
def test_log_probabilities_that_were_requested_are_not_made_up(logprobs):
    with pytest.raises(NoLogprobsError):
        parse_reply(body({"content": "a"}, logprobs=logprobs), has_logprobs=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"choices": [{"mess', "not whole JSON"),
        (b"[]", "no JSON object"),
        (b'{"choices": []}', "no choices"),
        (b'{"error": {"message": "busy"}}', "no choices .*busy"),
        (b'{"choices": [{}]}', "no message"),
        (b'{"choices": [{"message": {"content": 3}}]}', "its content is int"),
    ],
)
def test_a_body_that_is_no_answer_is_described(content, message):
    with pytest.raises(MalformedReplyError, match=message):
        parse_reply(content, has_logprobs=False)
