import dataclasses
import threading
import time

import numpy as np
import pytest

from forethought.endpoints import ChatEndpoint, ChatRequest, FailureKind, complete, complete_one
from forethought.errors import ConfigError, EndpointError
from forethought.types import Image, Text, Video
from tests.chat_server import Answer, chat, error, logprobs, serve


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def endpoint(server, **settings):
    fast = {"backoff_s": 0.01, "timeout_s": 5.0, "retries": 2, "concurrency": 3}
    return ChatEndpoint(url=server.url, model="m", **{**fast, **settings})


def ask(text="why?", **settings):
    fields = {"content": (Text(text),), "max_tokens": 7, "temperature": 0.7, **settings}
    return ChatRequest(**fields)


def after(failures, then):
    """Misbehaves so often, then answers."""
    return lambda _, before: failures if before < 2 else then


def test_an_answer_has_its_text_usage_and_ending():
    with serve(chat("because", reasoning_content="hm")) as server:
        reply = complete_one(endpoint(server), ask())
    assert (reply.text, reply.reasoning, reply.finish) == ("because", "hm", "stop")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (11, 3)


def test_a_request_is_sent_as_the_protocol_has_it():
    with serve(chat("x")) as server:
        complete_one(
            endpoint(server, extra={"reasoning_effort": "low"}),
            ask(system="Be brief.", top_p=0.5, seed=4),
        )
    assert server.paths == ["/v1/chat/completions"]
    assert server.bodies == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "why?"},
            ],
            "max_tokens": 7,
            "temperature": 0.7,
            "top_p": 0.5,
            "seed": 4,
            "reasoning_effort": "low",
        }
    ]


def test_pictures_and_frames_are_sent_in_order_within_their_limits():
    picture = Image(np.zeros((30, 40, 3), np.uint8))
    frames = [np.full((8, 16, 3), value, np.uint8) for value in (0, 90, 200)]
    content = (Text("a"), picture, Video(frames), Text("b"))
    with serve(chat("x")) as server:
        complete_one(
            endpoint(server, max_pixels=300, frame_max_pixels=32, frames=2), ask(content=content)
        )
    parts = server.bodies[0]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text", *["image_url"] * 3, "text"]
    sizes = [Image(p["image_url"]["url"]).pixels.shape[:2] for p in parts[1:4]]
    assert sizes == [(15, 20), (4, 8), (4, 8)]
    values = [Image(p["image_url"]["url"]).pixels.mean() for p in parts[2:4]]
    assert values == pytest.approx([0, 200], abs=2)


def test_the_next_token_comes_with_its_log_probabilities():
    with serve(logprobs(Yes=-0.2, No=-1.9)) as server:
        reply = complete_one(endpoint(server), ChatRequest.next_token((Text("?"),), top_logprobs=5))
    assert dict(reply.logprobs) == {"Yes": -0.2, "No": -1.9}
    sent = server.bodies[0]
    assert (sent["logprobs"], sent["top_logprobs"], sent["max_tokens"], sent["temperature"]) == (
        *(True, 5),
        *(1, 0.0),
    )


def test_a_server_without_log_probabilities_is_named():
    with serve(chat("Yes")) as server, pytest.raises(EndpointError, match="without log-prob"):
        complete_one(endpoint(server), ChatRequest.next_token((Text("?"),)))
    assert len(server.bodies) == 1


BROKEN = {
    "busy": error(429, "slow down"),
    "server_error": error(500),
    "overloaded": error(503),
    "truncated_json": Answer(b'{"choices": [{"mess'),
    "half_a_stream": dataclasses.replace(chat("because"), cut=20),
    "empty": Answer(b""),
    "no_choices": Answer({"choices": []}),
    "no_message": Answer({"choices": [{"finish_reason": "stop"}]}),
    "another_type": Answer(b"<html>hi</html>", headers={"Content-Type": "text/html"}),
    "dropped": Answer(b"", drop=True),
    "bad_gzip": Answer(b"not gzip", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_passing_fault_is_tried_again(broken):
    with serve(after(broken, chat("because"))) as server:
        (result,) = complete(endpoint(server), [ask()])
    assert result.reply is not None
    assert (result.reply.text, result.attempts) == ("because", 3)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_lasting_fault_is_a_named_failure(broken):
    with serve(broken) as server:
        (result,) = complete(endpoint(server), [ask()])
    assert result.failure is not None
    assert result.failure.kind is FailureKind.FAILED
    assert "m at http://127.0.0.1" in result.failure.message
    assert "in 3 attempts" in result.failure.message
    assert len(server.bodies) == 3


def test_a_slow_answer_is_a_timeout():
    with serve(dataclasses.replace(chat("late"), delay_s=0.5)) as server:
        (result,) = complete(endpoint(server, timeout_s=0.1, retries=1), [ask()])
    assert result.failure is not None
    assert "no whole answer within 0.1 s" in result.failure.message


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_request_is_not_repeated_and_others_go_on(status):
    def respond(body, _):
        return error(status, "too long") if "bad" in str(body) else chat("fine")

    with serve(respond) as server:
        results = sorted(
            complete(endpoint(server), map(ask, ("bad", "a", "b"))), key=lambda r: r.index
        )
    assert [result.reply is not None for result in results] == [False, True, True]
    assert results[0].failure is not None
    assert results[0].failure.kind is FailureKind.REFUSED
    assert f"{status}" in results[0].failure.message
    assert "(too long)" in results[0].failure.message
    assert len(server.bodies) == 3


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "key_env"), (403, "this key"), (404, "check url and model")]
)
def test_an_endpoint_that_refuses_everything_is_asked_no_more(status, remedy):
    with serve(error(status)) as server:
        with pytest.raises(EndpointError, match=f"{status}.*{remedy}"):
            list(complete(endpoint(server, concurrency=2), map(ask, "abcdefgh")))
        assert len(server.bodies) <= 2


def test_a_spent_account_is_not_a_busy_server():
    spent = Answer({"error": {"message": "no credit", "code": "insufficient_quota"}}, 429)
    with serve(spent) as server, pytest.raises(EndpointError, match="credit"):
        complete_one(endpoint(server), ask())
    assert len(server.bodies) == 1


def test_a_redirect_is_named_and_not_followed():
    moved = Answer(b"", 307, {"Location": "http://127.0.0.1:9/elsewhere"})
    with serve(moved) as server, pytest.raises(EndpointError, match=r"redirects to .*elsewhere"):
        complete_one(endpoint(server), ask())


def test_retry_after_is_waited_for_and_holds_every_request():
    def respond(body, before):
        return (
            error(429, **{"Retry-After": "0.4"})
            if "a" in str(body["messages"]) and not before
            else chat("x")
        )

    with serve(respond) as server:
        results = list(complete(endpoint(server, concurrency=1), map(ask, ("a", "b"))))
    assert all(result.reply for result in results)
    assert server.times[1] - server.times[0] >= 0.4


def test_a_wait_that_is_too_long_ends_the_run():
    with serve(error(429, **{"Retry-After": "3600"})) as server:
        with pytest.raises(EndpointError, match="asks to wait 3600 s"):
            complete_one(endpoint(server), ask())
        assert len(server.bodies) == 1


def test_an_endpoint_that_keeps_failing_ends_the_run():
    with serve(error(500)) as server:
        with pytest.raises(EndpointError, match="4 requests failed in succession"):
            list(
                complete(
                    endpoint(server, max_failures=4, concurrency=1, retries=0), map(ask, "abcdefgh")
                )
            )
        assert len(server.bodies) == 4


def test_an_endpoint_that_is_not_there_is_named():
    with serve(chat("x")) as server:
        pass
    with pytest.raises(EndpointError, match="cannot be connected to"):
        complete_one(endpoint(server, retries=1), ask())


def test_as_many_are_in_flight_as_allowed():
    together = threading.Barrier(4, timeout=20)

    def respond(*_):
        together.wait()
        return chat("x")

    with serve(respond) as server:
        given = endpoint(server, concurrency=4, timeout_s=30.0)
        results = list(complete(given, map(ask, "abcdefghijkl")))
    assert sorted(result.index for result in results) == list(range(12))
    assert server.most_in_flight == 4


def test_requests_are_spaced_by_the_rate():
    with serve(chat("x")) as server:
        list(complete(endpoint(server, requests_per_minute=1200.0), map(ask, "abcdef")))
    times = sorted(server.times)
    # 50 ms apart, less what the server takes to note one.
    assert times[-1] - times[0] >= 5 * 0.05 - 0.03


def test_the_key_is_sent_and_never_shown(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    with serve(error(401, "no such key: sk-secret")) as server:
        known = endpoint(server, key_env="SOME_KEY")
        with pytest.raises(EndpointError) as caught:
            complete_one(known, ask())
    assert server.headers[0]["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in f"{caught.value} {known!r}"


def test_a_key_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    with serve(chat("x")) as server, pytest.raises(ConfigError, match="SOME_KEY is not set"):
        complete_one(endpoint(server, key_env="SOME_KEY"), ask())
    assert not server.bodies


def test_a_fault_of_the_requests_reaches_the_caller():
    def requests():
        yield ask()
        raise KeyError("mine")

    with serve(chat("x")) as server:
        results = complete(endpoint(server), requests())
        with pytest.raises(KeyError, match="mine"):
            list(results)


def test_closing_the_results_drops_what_is_in_flight():
    def respond(body, _):
        is_first = body["messages"][0]["content"] == "a"
        return dataclasses.replace(chat("x"), delay_s=0.0 if is_first else 10.0)

    with serve(respond) as server:
        results = complete(endpoint(server, concurrency=2), map(ask, "abcdefgh"))
        next(results)
        started = time.monotonic()
        results.close()
        assert time.monotonic() - started < 5
    assert not [thread for thread in threading.enumerate() if thread.name == "chat-run"]
    assert len(server.bodies) < 8
