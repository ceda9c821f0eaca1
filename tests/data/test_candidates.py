import json

import pytest

from forethought.data import (
    Candidate,
    ExampleInputs,
    append_candidates,
    read_candidates,
    write_candidates,
)
from forethought.errors import DataError
from forethought.types import Side


def text(words):
    return {"content": [{"text": words}]}


@pytest.fixture
def examples(tmp_path):
    """Two examples, the second with two positives, after a blank line."""
    rows = [
        {"query": text("a"), "positives": [text("b")]},
        {"query": text("c"), "positives": [text("d"), text("e")]},
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(f"{json.dumps(row)}\n" for row in rows))
    return ExampleInputs.read(path)


def about(examples, index, **fields):
    one = examples.inputs[index]
    given = {"worker": "w", "sample": 0, "thinking": "t", "answer": "s", **fields}
    return Candidate(line=one.line, side=one.side, document=one.document, input=one.digest, **given)


def test_candidates_come_back_as_they_were_written(tmp_path, examples):
    written = [
        about(examples, 0),
        about(examples, 4, sample=3, thinking="ü\u2028\ud800", answer="", prompt_tokens=5),
        about(examples, 2, worker="v", rejected="refusal", made_by="ab", completion_tokens=2),
    ]
    path = tmp_path / "candidates.jsonl"
    append_candidates(path, written[:1])
    append_candidates(path, written[1:])
    assert read_candidates(path, examples) == written
    again = tmp_path / "again.jsonl"
    write_candidates(again, written)
    assert again.read_bytes() == path.read_bytes()


def test_a_document_is_counted_among_its_positives(examples):
    last = about(examples, 4)
    assert (last.line, last.side, last.document) == (1, Side.DOCUMENT, 1)
    assert last.key == (1, Side.DOCUMENT, 1)


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_torn_last_line_is_dropped_and_cut_off(tmp_path, examples, cut):
    path = tmp_path / "candidates.jsonl"
    first, second, third = (about(examples, 0, sample=n) for n in range(3))
    append_candidates(path, [first, second])
    whole = path.read_bytes()
    torn = whole[: -cut - 1]
    path.write_bytes(torn)
    assert read_candidates(path, examples) == [first]
    append_candidates(path, [third])
    assert read_candidates(path, examples) == [first, third]


def test_a_last_line_without_its_end_is_a_line(tmp_path, examples):
    path = tmp_path / "candidates.jsonl"
    first, second = (about(examples, 0, sample=n) for n in range(2))
    append_candidates(path, [first])
    path.write_bytes(path.read_bytes().rstrip())
    assert read_candidates(path, examples) == [first]
    append_candidates(path, [second])
    assert read_candidates(path, examples) == [first, second]


def test_a_file_that_is_one_torn_line_is_emptied(tmp_path, examples):
    path = tmp_path / "candidates.jsonl"
    path.write_bytes(b'{"line": ' + b"1" * 200_000)
    assert read_candidates(path, examples) == []
    append_candidates(path, [about(examples, 0)])
    assert read_candidates(path, examples) == [about(examples, 0)]


def test_candidates_of_another_file_are_refused(tmp_path, examples):
    path = tmp_path / "candidates.jsonl"
    append_candidates(path, [about(examples, 0), about(examples, 2)])
    examples.path.write_text(
        json.dumps({"query": text("a"), "positives": [text("b")]})
        + "\n"
        + json.dumps({"query": text("changed"), "positives": [text("d")]})
    )
    other = ExampleInputs.read(examples.path)
    with pytest.raises(
        DataError, match=r"candidates\.jsonl, line 2: .*query of example 1 in .*train"
    ):
        read_candidates(path, other)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[]", "not an object"),
        ("{", "not JSON"),
        ('{"line": 0}', "missing 'side'"),
        ('{"line": 0, "sides": "query"}', "unknown key 'sides'; did you mean 'side'"),
    ],
)
def test_a_faulty_line_is_named(tmp_path, examples, line, message):
    path = tmp_path / "candidates.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(DataError, match=f"line 1: .*{message}"):
        read_candidates(path, examples)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("sample", -1, "sample must be 0 or more"), ("worker", "", "name who wrote it")],
)
def test_a_value_out_of_range_is_refused(examples, field, value, message):
    with pytest.raises(ValueError, match=message):
        about(examples, 0, **{field: value})


def test_a_missing_file_is_named(tmp_path, examples):
    with pytest.raises(DataError, match="No such file"):
        read_candidates(tmp_path / "none.jsonl", examples)
    with pytest.raises(DataError, match=r"none.*cannot be written"):
        append_candidates(tmp_path / "none" / "c.jsonl", [about(examples, 0)])
