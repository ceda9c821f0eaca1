import json

import pytest

COLOURS = ("red", "green", "blue", "white")


@pytest.fixture
def examples(tmp_path):
    path = tmp_path / "train.jsonl"
    tables = [
        {
            "query": {"content": [{"text": f"{name} thing"}]},
            "positives": [{"content": [{"text": f"{name} paint"}]}],
        }
        for name in COLOURS
    ]
    path.write_text("".join(f"{json.dumps(table)}\n" for table in tables))
    return path


def test_the_report_counts_and_shows_what_was_mined(run, examples, tmp_path):
    ran = run("mine", examples, "-o", tmp_path / "out.jsonl", "-n", 2, "--max-score", 0.9)
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "4 documents, ranked by colour 0123456789ab"
    assert "        2  4" in lines
    assert "candidates 12" in lines
    assert "  removed by relative margin: 0 (0.0%)" in lines
    assert "  removed by max score: 0 (0.0%)" in lines
    assert any(line.startswith("smallest gap, example ") for line in lines)
    assert any(line.endswith("+ red paint") for line in lines)
    assert f"{tmp_path / 'out.jsonl'}: 4 examples, 8 negatives added" in ran.err
    tables = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [len(table["negatives"]) for table in tables] == [2, 2, 2, 2]


def test_json_has_the_report(run, examples, tmp_path):
    ran = run("mine", examples, "-o", tmp_path / "out.jsonl", "--json", "--check-model", "nano")
    report = json.loads(ran.out)
    assert (report["negatives"], report["examples"]) == (12, {"3": 4})
    assert report["checked_by"] == "colour"
    assert report["removed"] == {"relative_margin": 0, "checker": 0}
    assert report["hardest"][0]["negatives"][0]["text"].endswith("paint")


def test_no_margin_is_written_none(run, examples, tmp_path):
    arguments = ("-o", tmp_path / "out.jsonl", "--relative-margin", "none", "--json")
    assert json.loads(run("mine", examples, *arguments).out)["removed"] == {}


def test_the_model_may_think_about_queries(run, examples, encoder, tmp_path):
    assert run("mine", examples, "-o", tmp_path / "out.jsonl", "--think", "always").status == 0
    assert {call[:2] for call in encoder.calls} == {("query", "always"), ("document", "never")}


def test_a_document_with_two_labels_is_reported(run, examples, tmp_path):
    table = json.loads(examples.read_text().splitlines()[0])
    table["positives"][0]["label"] = "one"
    examples.write_text(examples.read_text() + json.dumps(table) + "\n")
    ran = run("mine", examples, "-o", tmp_path / "out.jsonl")
    assert "1 document with several labels" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sampling", "best"), "--sampling best: unknown; known: top, random"),
        (("--range-max", "2"), "hold fewer than num_negatives=3"),
        (("--relative-margin", "wide"), "'wide' is no number; write one, or none"),
        (("--model", "other"), "unknown model 'other'"),
        (("--documents", "gone.jsonl"), "gone.jsonl: cannot be read"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_bad_options_are_named(run, examples, tmp_path, arguments, message):
    ran = run("mine", examples, "-o", tmp_path / "out.jsonl", *arguments)
    assert ran.status == 2
    assert message in " ".join(ran.err.replace("│", " ").split())
    assert not (tmp_path / "out.jsonl").exists()


def test_an_output_that_is_the_input_is_refused(run, examples):
    before = examples.read_text()
    ran = run("mine", examples, "-o", examples)
    assert ran.status == 2
    assert "is read too" in ran.err
    assert examples.read_text() == before
