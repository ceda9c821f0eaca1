import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from tests.chat_server import chat, error, serve

WORDS = ("wings", "feathers", "talons", "plumage", "beaks", "crests", "tails")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def files(tmp_path):
    """Writes twelve examples, and the workers of a server; gives the arguments."""
    examples, workers = tmp_path / "train.jsonl", tmp_path / "workers.toml"
    rows = [
        {"query": {"content": [{"text": f"bird {n}"}]}, "positives": [{"content": [{"text": "x"}]}]}
        for n in range(12)
    ]
    examples.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def make(server, out="c.jsonl", concurrency=2):
        workers.write_text(
            f"""
            [[workers]]
            name = "w"
            seed = 0
            price_in = 1000
            [workers.endpoint]
            url = "{server.url}"
            model = "m"
            concurrency = {concurrency}
            backoff_s = 0.01
            retries = 1
            """
        )
        return ("annotate", examples, "--workers", workers, "-o", tmp_path / out)

    return make


def about(body, _=0):
    content = body["messages"][0]["content"]
    number = int(content.split("bird ")[1].split()[0])
    word = WORDS[number % 7]
    return chat(f"Bird {number} has {word} and {word * 3}.\nSummary: a bird of {word}")


def test_a_run_is_summed_up_by_worker(run, files, tmp_path):
    with serve(about) as server:
        ran = run(*files(server))
    assert (ran.status, ran.err) == (0, "")
    first, _, header, row = ran.out.splitlines()
    assert first == (
        f"{tmp_path / 'c.jsonl'}: 12 usable candidates for 12 of 12 sides (12 different inputs)"
    )
    assert header.split() == (
        [
            "worker",
            "replies",
            "stored",
            "failed",
            "usable",
            "tokens",
            "in",
            "out",
            "cost",
            "rejected",
        ]
    )
    # 132 prompt tokens at 1,000 a million.
    assert row.split() == ["w", "12", "0", "0", "12", "132", "36", "0.132"]


def test_the_summary_is_json_on_request(run, files):
    with serve(about) as server:
        ran = run(*files(server), "--json")
    report = json.loads(ran.out)
    assert (report["usable"], report["unfinished"], report["workers"][0]["cost"]) == (12, 0, 0.132)


def test_requests_without_a_reply_fail_the_command_and_say_how_to_go_on(run, files):
    with serve(lambda body, _: error(500) if "bird 3" in str(body) else about(body)) as server:
        ran = run(*files(server))
        assert ran.status == 2
        assert "1 request without a reply (m at http://127.0.0.1" in ran.err
        assert "run the same command again, and only these are sent" in ran.err
        server.respond = about
        server.bodies.clear()
        assert run(*files(server)).status == 0
        assert len(server.bodies) == 1


def test_a_run_without_use_fails(run, files):
    with serve(chat("I'm sorry.")) as server:
        ran = run(*files(server))
    assert ran.status == 2
    assert "no candidate is usable" in ran.err
    assert "12 refusal" in ran.out


def test_missing_workers_are_named(run, files):
    with serve(about) as server:
        command = files(server)
    command[3].unlink()
    ran = run(*command)
    assert (ran.status, "workers.toml: no such file" in ran.err) == (2, True)


@contextlib.contextmanager
def started(command):
    process = subprocess.Popen(
        [sys.executable, "-m", "forethought", *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # A shell's background job ignores it, and what it starts would too.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one call
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_a_run_that_is_stopped_goes_on_where_it_was(run, files, tmp_path, ending):
    with serve(about) as server:
        assert run(*files(server, "whole.jsonl")).status == 0
    out = tmp_path / "c.jsonl"

    def slow(body, before):
        # Long beside what a busy machine needs to send a signal.
        time.sleep(0.6)
        return about(body, before)

    with serve(slow) as server:
        command = files(server)
        with started(command) as process:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not (out.exists() and out.read_bytes()):
                time.sleep(0.02)
            process.send_signal(ending)
            status = process.wait(20)
            if ending is signal.SIGINT:
                assert (status, process.stderr.read()) == (130, b"")
        written = len(out.read_bytes().splitlines())
        assert 0 < written < 12
        before = len(server.bodies)
        server.bodies.clear()
        server.respond = about
        assert run(*command).status == 0
        # Nothing that is stored is sent again; what was in flight has to be.
        assert len(server.bodies) == 12 - written
        assert before <= written + 2 * 2
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
