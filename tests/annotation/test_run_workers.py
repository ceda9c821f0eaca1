import json
import threading

import pytest

from forethought.annotation import annotate
from forethought.errors import ConfigError
from tests.annotation.birds import QUERIES, SECRETS, distinct, file, input_of, stored, worker
from tests.chat_server import Answer, error, serve


def test_a_worker_is_given_its_own_side_and_nothing_else(tmp_path, examples):
    with serve(distinct) as server:
        annotate(examples, file(worker(server)), tmp_path / "c.jsonl", documents=True)
    queries = [b for b in server.bodies if "bird" in input_of(b)]
    documents = [b for b in server.bodies if "bird" not in input_of(b)]
    assert {input_of(body) for body in queries} == set(QUERIES)
    for body in queries:
        text = json.dumps(body)
        assert not [secret for secret in SECRETS if secret in text]
        assert "The instruction of the search: Name the bird." in text
    assert sorted(input_of(body) for body in documents) == sorted([*SECRETS] * 2)
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
        if input_of(body) == QUERIES[3]
    ]
    assert kinds == [["text", "text", "image_url", "text"]] * 2


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
    lock = threading.Lock()
    answered: list[dict[str, object]] = []

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
