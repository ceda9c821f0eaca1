import json

import pytest

from forethought.data import Candidate, ExampleInputs, write_candidates
from forethought.types import Side

COLOURS = ("red", "green", "blue", "yellow", "black", "violet")


def line(colour):
    return {
        "task": "colours",
        "query": {"instruction": "Find it.", "content": [{"text": f"{colour}, square"}]},
        "positives": [{"content": [{"text": colour}]}],
    }


@pytest.fixture
def files(tmp_path):
    """Examples of colours, with a candidate of two workers for all but the last."""
    examples, candidates = tmp_path / "examples.jsonl", tmp_path / "candidates.jsonl"
    examples.write_text("".join(f"{json.dumps(line(colour))}\n" for colour in COLOURS))
    digests = {
        one.line: one.digest
        for one in ExampleInputs.read(examples).inputs
        if one.side is Side.QUERY
    }
    write_candidates(
        candidates,
        [
            Candidate(
                line=number,
                side=Side.QUERY,
                worker=worker,
                sample=0,
                thinking=thinking,
                answer=COLOURS[number],
                input=digests[number],
            )
            for number in range(len(COLOURS) - 1)
            for worker, thinking in (("long", f"It is {COLOURS[number]}."), ("short", "A square."))
        ],
    )
    return examples, candidates


@pytest.fixture
def command(run, monkeypatch, tiny_encoder, files, tmp_path):
    """Selects from the files into out.jsonl; the only model is the tiny one."""
    monkeypatch.setattr("forethought.encoders.load", lambda *_, **__: tiny_encoder)

    def select(*options):
        return run("select", *files, "-o", tmp_path / "out.jsonl", *options)

    return select


def rationales(tmp_path):
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["query"].get("rationale", {}).get("thinking") for line in lines]


def test_a_selection_is_written_and_reported(command, tmp_path):
    ran = command("--encoder", "tiny", "--min-gain", "-99", "--min-margin", "-99", "--easy", "99")
    assert ran.status == 0
    assert ran.out.startswith(f"{tmp_path / 'out.jsonl'}: 6 inputs, 5 with a rationale (83%)")
    assert "by margin (gain > -99, margin > -99)" in ran.out
    # Those of `long` hold the target.
    assert rationales(tmp_path) == [*["A square."] * 5, None]
    assert "states the label" in ran.out
    assert "swap test: of other inputs" in ran.out
    assert "line 6, query: no candidate" in ran.out
    scores = (tmp_path / "out.scores.jsonl").read_text().splitlines()
    assert len(scores) == 10
    again = command("--encoder", "tiny", "--min-gain", "99")
    assert "0 with a rationale" in again.out
    assert rationales(tmp_path) == [None] * 6
    assert (tmp_path / "out.scores.jsonl").read_text().splitlines() == scores


def test_json_and_markdown_hold_the_same_report(command, tmp_path):
    report = tmp_path / "report.md"
    ran = command("--encoder", "tiny", "--allow-label", "--json", "--markdown", report)
    found = json.loads(ran.out)
    assert (found["inputs"], sum(found["outcomes"].values())) == (6, 6)
    assert {one["worker"] for one in found["workers"]} == {"long", "short"}
    assert found["rule"]["min_gain"] == 0.2
    assert found["swapped"]["count"] == 5
    text = report.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "| worker | candidates | mean gain |" in text
    assert f"| long | 5 | {found['workers'][0]['effects']['gain']:+.2f} |" in text


@pytest.mark.parametrize("by", ["random", "first"])
def test_controls_need_no_evaluator(command, tmp_path, by):
    assert command("--by", by, "--worker", "short").status == 0
    assert rationales(tmp_path) == [*["A square."] * 5, None]
    assert not (tmp_path / "out.scores.jsonl").exists()


def test_the_likelihood_of_a_model_is_a_control_too(command, tmp_path):
    ran = command("--by", "likelihood", "--encoder", "tiny", "--allow-label")
    assert ran.status == 0
    assert "likelihood" in ran.out
    assert None not in rationales(tmp_path)[:5]


def test_another_seed_draws_another_epoch(command, tmp_path):
    soft = ("--encoder", "tiny", "--allow-label", "--min-gain", "-99", "--min-margin", "-99")
    drawn = []
    for seed in range(6):
        assert command(*soft, "--easy", "99", "--soft", "50", "--seed", seed).status == 0
        drawn.append(rationales(tmp_path))
    assert len({tuple(one) for one in drawn}) > 2
    scores = (tmp_path / "out.scores.jsonl").read_text().splitlines()
    assert len(scores) == 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--by margin needs an evaluator: --vlm, for a chat model, or --encoder"),
        (("--vlm", "a", "--encoder", "b"), "--vlm a and --encoder b: one evaluator is enough"),
        (("--endpoint", "http://localhost:1/v1"), "name its model with --vlm"),
        (("--by", "likelihood"), "--by likelihood needs the model whose likelihood it is"),
        (("--by", "random", "--soft", "1"), "the soft posterior draws by effects"),
        (("--by", "first", "--rate", "1.5"), "the rate must be in (0, 1], got 1.5"),
        (("--by", "first", "--worker", "none"), "no candidates of a worker 'none'"),
        (("--encoder", "tiny", "--temperature", "0"), "temperature must be positive"),
        (("--encoder", "tiny", "--negatives", "0"), "an embedding model scores a target against"),
    ],
)
def test_what_does_not_go_together_is_refused(command, tmp_path, options, message):
    ran = command(*options)
    assert ran.status == 2
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out.jsonl").exists()


def test_candidates_of_other_examples_are_refused(command, files, tmp_path):
    lines = files[0].read_text().splitlines(keepends=True)
    files[0].write_text("".join(lines[::-1]))
    ran = command("--by", "first")
    assert (ran.status, (tmp_path / "out.jsonl").exists()) == (2, False)
    assert "line 1: written about another input than the query of example 0" in ran.err
    files[0].write_text("".join(lines[:2]))
    ran = command("--by", "first")
    assert "the query of example 2" in ran.err


def test_the_examples_are_never_replaced(run, files):
    before = files[0].read_bytes()
    ran = run("select", *files, "-o", files[0], "--by", "first")
    assert ran.status == 2
    assert "would replace the examples" in ran.err
    assert files[0].read_bytes() == before
