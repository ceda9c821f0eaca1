import math

import pytest

from forethought.endpoints import ChatEndpoint
from forethought.errors import ContentError, EndpointError
from forethought.selection import EndpointEvaluator, PairGroup, Target
from forethought.types import Ending, Message, Rationale, Side, Text
from tests.chat_server import chat, error, logprobs, serve


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def evaluator(server):
    return EndpointEvaluator(ChatEndpoint(url=server.url, model="m", backoff_s=0.01, retries=1))


def target(key, message):
    return Target(key, lambda: message)


def group(*thoughts):
    targets = [Message((Text(text),), "", Side.DOCUMENT) for text in ("red", "blue")]
    return PairGroup(
        Message((Text("a fire engine"),), "Find the colour.", Side.QUERY),
        tuple(target(str(i), one) for i, one in enumerate(targets)),
        tuple(Rationale(thought, "so", Ending.EMBED) for thought in thoughts),
    )


def respond(body, _):
    """Yes is likelier for red, and for red with the rationale likelier still."""
    text = body["messages"][0]["content"]
    if "Candidate:\nred" not in text:
        return logprobs(**{"No": -0.25, "no": -2.0, " Yes": -3.0, "the": -4.0})
    return logprobs(**{"Yes": -0.5, "YES": -3.0, " no": -2.0 if "engines" in text else -1.5})


def test_odds_are_summed_over_spellings():
    with serve(respond) as server:
        (scores,) = evaluator(server).score([group("Fire engines are red.", "What is it?")])
    yes = math.log(math.exp(-0.5) + math.exp(-3.0))
    other = -3.0 - math.log(math.exp(-0.25) + math.exp(-2.0))
    assert scores.after[0].tolist() == pytest.approx([yes + 2.0, other])
    assert scores.after[1].tolist() == pytest.approx([yes + 1.5, other])
    assert scores.without.tolist() == [pytest.approx([yes + 1.5, other])] * 2
    assert scores.bounds == (0, 0)


def test_the_question_holds_both_sides_and_a_filler_of_as_many_words():
    with serve(respond) as server:
        evaluator(server).score([group("Fire engines are red.")])
    texts = [body["messages"][0]["content"] for body in server.bodies]
    assert (
        "Query: Find the colour.\na fire engine\nCandidate:\nred\n"
        "Analysis of the query: Fire engines are red. so\n"
        "Does the candidate satisfy the query? Answer Yes or No."
    ) in texts
    assert any("Analysis of the query: This part is left blank\n" in text for text in texts)
    assert {body["max_tokens"] for body in server.bodies} == {1}
    # Two targets, with and without.
    assert len(texts) == 4


def test_equal_questions_are_sent_once():
    with serve(respond) as server:
        evaluator(server).score([group("One two three.", "Four five six.")])
    assert len(server.bodies) == 6


def test_an_answer_that_is_not_listed_is_bounded_by_the_least_likely_one():
    with serve(logprobs(Yes=-0.1, the=-5.0, a=-7.0)) as server:
        (scores,) = evaluator(server).score([group("x")])
    assert scores.after[0, 0] == pytest.approx(6.9)
    assert scores.bounds == (4,)


def test_an_endpoint_without_log_probabilities_is_refused():
    with serve(chat("Yes")) as server, pytest.raises(EndpointError, match="without log-prob"):
        evaluator(server).score([group("x")])


def test_an_answer_that_is_neither_is_refused():
    answer = logprobs(**{"<think>": -0.1, "Okay": -3.0, "Hm": -4.0, "So": -5.0})
    with (
        serve(answer) as server,
        pytest.raises(EndpointError, match=r"'<think>', 'Okay', 'Hm', neither Yes nor No"),
    ):
        evaluator(server).score([group("x")])


def test_a_refused_request_is_about_its_input():
    with serve(error(400, "too long")) as server, pytest.raises(ContentError, match="too long"):
        evaluator(server).score([group("x")])
