import dataclasses

import pytest

from forethought.annotation import annotate
from forethought.data import append_candidates
from forethought.errors import ConfigError, DataError
from forethought.files import file_lock
from forethought.types import Side
from tests.annotation.birds import QUERIES, distinct, file, input_of, stored, worker
from tests.chat_server import chat, serve


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
        if input_of(body) == QUERIES[0]:
            return chat("I'm sorry, I cannot help with that.")
        if input_of(body) == QUERIES[3]:
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
