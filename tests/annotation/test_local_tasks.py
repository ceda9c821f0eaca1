import dataclasses
import json

import pytest

from forethought.annotation import CleaningRules, Worker, WorkersFile, annotate
from forethought.data import ExampleInputs, read_candidates
from forethought.encoders import load
from forethought.types import Side

QUERIES = ("a red square", "a blue circle", "a red square", "two green lines", "one dot", "a cross")


@pytest.fixture
def examples(tmp_path):
    rows = [
        {
            "query": {"content": [{"text": words}]},
            "positives": [{"content": [{"text": f"the picture of {words}"}]}],
        }
        for words in QUERIES
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def worker(model, **settings):
    given = {"samples": 2, "temperature": 1.3, "max_tokens": 6, "batch_size": 2, "device": "cpu"}
    return Worker(name="here", checkpoint=str(model), **{**given, **settings})


def run(examples, out, *workers, **options):
    rules = CleaningRules(min_words=0, distance=0.0)
    return annotate(examples, WorkersFile(workers=workers, cleaning=rules), out, **options)


def stored(out, examples):
    return read_candidates(out, ExampleInputs.read(examples))


def test_a_checkpoint_writes_every_sample(tmp_path, examples, tiny_model):
    out = tmp_path / "c.jsonl"
    report = run(examples, out, worker(tiny_model), documents=True)
    found = stored(out, examples)
    assert [(one.line, one.side, one.sample) for one in found] == [
        (line, side, sample) for line in range(6) for side in Side for sample in range(2)
    ]
    assert {(one.worker, one.made_by) for one in found} == {("here", worker(tiny_model).made_by)}
    (one,) = report.workers
    # Of the six queries five differ, of the documents too.
    assert (one.written, one.failed, one.error) == (20, 0, "")
    assert 20 <= one.completion_tokens <= 20 * 7


def test_an_interrupted_run_writes_what_it_would_have(tmp_path, examples, tiny_model):
    out = tmp_path / "c.jsonl"
    run(examples, out, worker(tiny_model))
    whole = out.read_bytes()
    lines = whole.splitlines(keepends=True)
    out.write_bytes(b"".join([*lines[:3], *lines[7:8]]))
    report = run(examples, out, worker(tiny_model))
    assert report.workers[0].stored < 10
    assert [
        (one.line, one.sample, one.thinking, one.answer, one.rejected)
        for one in stored(out, examples)
    ] == [
        (row["line"], row["sample"], row["thinking"], row["answer"], row.get("rejected", ""))
        for row in map(json.loads, lines)
    ]


def test_another_seed_draws_other_samples(tmp_path, examples, tiny_model):
    texts = []
    for seed in (1, 2):
        out = tmp_path / f"{seed}.jsonl"
        run(examples, out, worker(tiny_model, seed=seed))
        texts.append([(one.thinking, one.answer) for one in stored(out, examples)])
    assert texts[0] != texts[1]


def test_a_checkpoint_that_is_not_there_leaves_the_others(tmp_path, examples, tiny_model):
    out = tmp_path / "c.jsonl"
    missing = Worker(name="gone", checkpoint=str(tmp_path / "nowhere"))
    report = run(examples, out, missing, worker(tiny_model))
    gone, here = report.workers
    assert "nowhere" in gone.error
    assert (gone.written, here.written) == (0, 10)
    assert report.unfinished == 5


def test_a_side_without_a_rationale_is_named(tmp_path, examples, tiny_model, monkeypatch):
    def load_for_queries(*arguments, **options):
        encoder = load(*arguments, **options)
        family = dataclasses.replace(encoder.family, thinks=frozenset({Side.QUERY}))
        return dataclasses.replace(encoder, family=family)

    monkeypatch.setattr("forethought.annotation.local_tasks.load", load_for_queries)
    report = run(examples, tmp_path / "c.jsonl", worker(tiny_model), documents=True)
    assert "writes no rationale on the document side" in report.workers[0].error
