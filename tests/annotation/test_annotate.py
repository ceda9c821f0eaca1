import dataclasses
import json
import threading

import numpy as np
import PIL.Image
import pytest

from forethought.annotation import CleaningRules, Worker, WorkersFile, annotate
from forethought.data import ExampleInputs, append_candidates, read_candidates
from forethought.endpoints import ChatEndpoint
from forethought.errors import ConfigError, DataError
from forethought.files import file_lock
from forethought.types import Side
from tests.chat_server import Answer, chat, error, serve

SECRETS = ("Kestrel", "Merlin", "Osprey")
"""Words of the other side, of labels and of stored rationales."""
QUERIES = ("which bird hovers?", "which bird is small?", "which bird hovers?", "a bird by water")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def examples(tmp_path):
    """Four examples; the first and the third ask the same, the last has a picture."""
    PIL.Image.fromarray(np.full((4, 6, 3), 90, np.uint8)).save(tmp_path / "lake.png")
    rows = []
    for index, words in enumerate(QUERIES):
        content = [{"text": words}, *([{"image": "lake.png"}] if index == 3 else [])]
        bird = SECRETS[index % 3]
        rows.append(
            {
                "query": {
                    "content": content,
                    "instruction": "Name the bird.",
                    "rationale": {"thinking": f"A {bird}.", "answer": bird},
                },
                "positives": [{"content": [{"text": bird}], "label": f"{bird} {index}"}],
                "negatives": [{"content": [{"text": "Osprey"}], "label": "no"}],
            }
        )
    path = tmp_path / "train.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def endpoint(server, **settings):
    fast = {"backoff_s": 0.01, "timeout_s": 5.0, "retries": 1, "concurrency": 3, **settings}
    return ChatEndpoint(url=server.url, model="m", **fast)


def worker(server, name="w", *, sent=None, **settings):
    given = {"samples": 2, "seed": 10, "temperature": 0.5, **settings}
    return Worker(name=name, endpoint=endpoint(server, **(sent or {})), **given)


def file(*workers, **cleaning):
    return WorkersFile(workers=workers, cleaning=CleaningRules(**cleaning))


def asked_about(body):
    """The text of a request's input."""
    content = body["messages"][0]["content"]
    parts = [content] if isinstance(content, str) else [p["text"] for p in content if "text" in p]
    return "\n".join(parts).partition("\nThe input above")[0].removeprefix("Input:").strip()


WORDS = ("wings", "feathers", "talons", "plumage", "beaks", "crests", "tails", "nests", "eggs")


def distinct(body, _=0):
    """An answer that no other input or sample has."""
    first = WORDS[(len(asked_about(body)) + body["seed"]) % 9]
    return chat(f"It asks for {first}, {first * 4} and how it flies.\nSummary: a bird of {first}")


def stored(out, examples):
    return read_candidates(out, ExampleInputs.read(examples))


def test_every_sample_of_every_query_becomes_a_candidate(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        report = annotate(examples, file(worker(server)), out)
    found = stored(out, examples)
    assert [(one.line, one.side, one.worker, one.sample) for one in found] == [
        (line, Side.QUERY, "w", sample) for line in range(4) for sample in range(2)
    ]
    assert all(one.thinking.startswith("It asks for") for one in found)
    assert all(one.answer.startswith("a bird of") and not one.rejected for one in found)
    assert (report.inputs, report.sides, report.without, report.usable) == (3, 4, 0, 8)


def test_identical_inputs_are_paid_for_once(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        report = annotate(examples, file(worker(server, price_in=1e6, price_out=2e6)), out)
        assert len(server.bodies) == 3 * 2
    first, third = stored(out, examples)[:2], stored(out, examples)[4:6]
    assert [one.thinking for one in first] == [one.thinking for one in third]
    (one,) = report.workers
    # Six replies, of 11 and 3 tokens each; 66 at 1 and 18 at 2 apiece.
    assert (one.written, one.prompt_tokens, one.completion_tokens, one.cost) == (6, 66, 18, 102.0)


def test_a_worker_is_given_its_own_side_and_nothing_else(tmp_path, examples):
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), tmp_path / "c.jsonl", documents=True)
    queries = [b for b in server.bodies if "bird" in asked_about(b)]
    documents = [b for b in server.bodies if "bird" not in asked_about(b)]
    assert {asked_about(body) for body in queries} == set(QUERIES)
    for body in queries:
        text = json.dumps(body)
        assert not [secret for secret in SECRETS if secret in text]
        assert "The instruction of the search: Name the bird." in text
    assert sorted(asked_about(body) for body in documents) == sorted([*SECRETS] * 2)
    for body in documents:
        text = json.dumps(body)
        assert not [words for words in QUERIES if words in text]
        assert sum(secret in text for secret in SECRETS) == 1
    # A label is no content.
    assert not [body for body in server.bodies if "Kestrel 0" in json.dumps(body)]


def test_pictures_are_sent_along(tmp_path, examples):
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), tmp_path / "c.jsonl")
    kinds = [
        [part["type"] for part in body["messages"][0]["content"]]
        for body in server.bodies
        if asked_about(body) == QUERIES[3]
    ]
    assert kinds == [["text", "text", "image_url", "text"]] * 2


def test_the_file_does_not_depend_on_the_order_of_replies(tmp_path, examples):
    outs = []
    for concurrency in (1, 6):
        with serve(distinct) as server:

            def late(body, _, slow=concurrency):
                delay = 0.05 if slow > 1 and body["seed"] == 10 else 0.0
                return dataclasses.replace(distinct(body), delay_s=delay)

            server.respond = late
            outs.append(tmp_path / f"{concurrency}.jsonl")
            one = worker(server, sent={"concurrency": concurrency})
            annotate(examples, file(one), outs[-1], documents=True)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_finished_file_is_left_as_it_is(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), out)
        before, count = out.read_bytes(), len(server.bodies)
        report = annotate(examples, file(worker(server)), out)
        assert len(server.bodies) == count
    assert out.read_bytes() == before
    assert (report.workers[0].written, report.workers[0].stored) == (6, 6)


@pytest.mark.parametrize("cut", [0, 1, 60, 700])
def test_a_torn_file_is_completed_to_the_same(tmp_path, examples, cut):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), out)
        whole = out.read_bytes()
        out.write_bytes(whole[: len(whole) - cut])
        annotate(examples, file(worker(server)), out)
        # Each request that is lost with its candidates is sent again, and no other.
        assert len(server.bodies) <= 6 + 3
    assert out.read_bytes() == whole


def test_more_samples_and_another_worker_only_add(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), out)
        annotate(examples, file(worker(server, samples=3), worker(server, "v", samples=1)), out)
        assert len(server.bodies) == 6 + 3 + 3
    assert [one.worker for one in stored(out, examples)] == ["w", "w", "w", "v"] * 4


def test_an_example_that_repeats_a_stored_input_costs_nothing(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), out)
        first = examples.read_text().splitlines()[0]
        with examples.open("a") as lines:
            lines.write(f"{first}\n")
        report = annotate(examples, file(worker(server)), out)
        assert len(server.bodies) == 6
    found = stored(out, examples)
    assert [one.thinking for one in found[-2:]] == [one.thinking for one in found[:2]]
    assert (report.sides, report.workers[0].prompt_tokens) == (5, 66)


def test_a_worker_with_other_settings_is_refused_under_its_name(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), out)
        before = out.read_bytes()
        with pytest.raises(ConfigError, match="'w' wrote with another model, prompt or sampling"):
            annotate(examples, file(worker(server, temperature=0.6)), out)
        assert len(server.bodies) == 6
    assert out.read_bytes() == before


def test_changed_rules_clean_again_without_a_request(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), out)
        before = out.read_bytes()
        report = annotate(examples, file(worker(server), max_words=3), out)
        assert report.workers[0].rejected == {"too long": 8}
        annotate(examples, file(worker(server)), out)
        assert len(server.bodies) == 6
    assert out.read_bytes() == before


def test_what_is_of_no_use_stays_with_its_reason(tmp_path, examples):
    def respond(body, _):
        if asked_about(body) == QUERIES[0]:
            return chat("I'm sorry, I cannot help with that.")
        if asked_about(body) == QUERIES[3]:
            return chat("A Kestrel by the water, hovering. A bird.")
        reply = chat("One bird.\nSummary: a small bird")
        assert isinstance(reply.body, dict)
        if body["seed"] == 11:
            reply.body["choices"][0]["finish_reason"] = "length"
        return reply

    out = tmp_path / "c.jsonl"
    with serve(respond) as server:
        report = annotate(examples, file(worker(server)), out)
    # The input that two examples share is refused for both.
    assert report.workers[0].rejected == {"refusal": 4, "cut off": 1, "states the label": 2}
    assert (report.usable, report.without) == (1, 3)
    refused = stored(out, examples)[0]
    assert (refused.thinking, refused.answer) == ("I'm sorry, I cannot help with that.", "")


def test_near_duplicates_are_found_across_workers_in_the_files_order(tmp_path, examples):
    with serve(chat("The bird hovers over a field.\nSummary: a hovering bird")) as server:
        two = file(worker(server, "v", samples=1), worker(server, "u", samples=1))
        annotate(examples, two, tmp_path / "c.jsonl")
    found = stored(tmp_path / "c.jsonl", examples)
    assert [(one.worker, one.rejected) for one in found] == [
        ("v", ""),
        ("u", "near duplicate"),
    ] * 4


def test_one_failing_worker_does_not_stop_the_others(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as good, serve(error(401, "bad key")) as bad:
        report = annotate(examples, file(worker(bad, "bad"), worker(good)), out)
        assert len(bad.bodies) <= 3
    assert {one.worker for one in stored(out, examples)} == {"w"}
    bad_report, good_report = report.workers
    assert "401" in bad_report.error
    assert (bad_report.written, good_report.written, good_report.error) == (0, 6, "")
    assert report.unfinished == 6
    assert "bad key" in report.failures[0]


def test_an_endpoint_that_dies_leaves_a_file_to_resume_from(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    lock, answered = threading.Lock(), []

    def dies(body, before):
        with lock:
            if len(answered) == 3:
                return Answer(b"", drop=True)
            answered.append(body)
        return distinct(body, before)

    with serve(dies) as server:
        one = worker(server, sent={"max_failures": 1})
        report = annotate(examples, file(one), out)
        assert (report.workers[0].written, report.unfinished) == (3, 3)
        assert "connection broke" in report.workers[0].error
        server.respond = distinct
        server.bodies.clear()
        report = annotate(examples, file(one), out)
        assert report.unfinished == 0
        assert len(server.bodies) == 3
        assert not [body for body in server.bodies if body in answered]


def test_an_input_that_cannot_be_opened_is_a_lasting_failure(tmp_path, examples):
    (tmp_path / "lake.png").write_bytes(b"no picture")
    with serve(distinct) as server:
        report = annotate(examples, file(worker(server)), tmp_path / "c.jsonl")
    assert (report.workers[0].written, report.workers[0].failed, report.unfinished) == (4, 2, 0)
    assert "lake.png" in report.failures[0]


def test_a_missing_key_is_named_before_anything_is_sent(tmp_path, examples, monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    with serve(distinct) as server:
        both = file(worker(server), worker(server, "v", sent={"key_env": "SOME_KEY"}))
        with pytest.raises(ConfigError, match="SOME_KEY is not set"):
            annotate(examples, both, tmp_path / "c.jsonl")
        assert not server.bodies


def test_progress_counts_what_is_done_and_what_it_cost(tmp_path, examples):
    reports = []
    with serve(distinct) as server:
        annotate(
            examples,
            file(worker(server, price_out=1e6)),
            tmp_path / "c.jsonl",
            progress=lambda *given: reports.append(given),
        )
    counts = [done for done, total, _ in reports if total == 6]
    assert counts == sorted(counts)
    assert counts[-1] == 6
    assert reports[-1][2] == "84 tokens, cost 18"


def test_candidates_of_other_examples_are_refused(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), out)
        examples.write_text(examples.read_text().replace("hovers", "hides"))
        before = out.read_bytes()
        with pytest.raises(DataError, match="about another input"):
            annotate(examples, file(worker(server)), out)
    assert out.read_bytes() == before


def test_two_processes_do_not_write_one_file(tmp_path, examples):
    with serve(distinct) as server, file_lock(tmp_path / ".c.jsonl.lock"):
        with pytest.raises(ConfigError, match="another process writes it"):
            annotate(examples, file(worker(server)), tmp_path / "c.jsonl")
        assert not server.bodies


def test_the_examples_are_not_overwritten(tmp_path, examples):
    with serve(distinct) as server, pytest.raises(ConfigError, match="is the file of examples"):
        annotate(examples, file(worker(server)), examples)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    with serve(distinct) as server, pytest.raises(DataError, match="holds no example"):
        annotate(empty, file(worker(server)), tmp_path / "c.jsonl")


def test_candidates_of_a_worker_that_is_not_listed_stay(tmp_path, examples):
    out = tmp_path / "c.jsonl"
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), out)
        by_hand = dataclasses.replace(
            stored(out, examples)[0], worker="me", thinking="It hovers high.", made_by=""
        )
        append_candidates(out, [by_hand])
        annotate(examples, file(worker(server)), out)
        assert len(server.bodies) == 6
    assert stored(out, examples)[2] == by_hand
