import json

import numpy as np
import PIL.Image
import pytest

from forethought.data import FindingKind, JsonLines, Parquet, SentencePairs, check_examples
from forethought.errors import DataError
from tests.published_data import picture, write_parquet


def text(*words, **more):
    return {"content": [{"text": word} for word in words], **more}


def example(query, *positives, **more):
    return {"query": query, "positives": list(positives), **more}


@pytest.fixture
def check(tmp_path):
    """Writes lines beside a picture and a broken one; gives what is found in them."""
    PIL.Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(tmp_path / "black.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")

    def run(*lines, **options):
        path = tmp_path / "train.jsonl"
        rows = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("\n".join(rows), encoding="utf-8")
        return check_examples(JsonLines(path), **options)

    return run


def found(report):
    return [(one.line, one.kind) for one in report.findings]


def test_a_clean_file_has_no_findings(check):
    report = check(
        example(text("a cat"), text("tom", "a cat")),
        "",
        example(text("dogs"), {"content": [{"image": "black.png"}]}, task="pets"),
        open_media=True,
    )
    assert report.findings == ()
    assert report.is_valid
    assert (report.examples, report.tasks) == (2, {"default": 1, "pets": 1})


def test_every_faulty_line_is_named(check):
    report = check(
        "{",
        "[1]",
        {"quary": text("a")},
        example(text("a"), {"content": [{"image": "no.png"}]}),
        example(text("b"), text("c")),
    )
    kinds = [FindingKind.INVALID, FindingKind.INVALID, FindingKind.INVALID, FindingKind.MISSING]
    assert found(report) == list(enumerate(kinds, 1))
    assert "did you mean 'query'" in report.findings[2].message
    assert report.findings[3].message.startswith("no.png: no such file")
    assert not report.is_valid


def test_media_are_decoded_if_asked_to(check):
    line = example(text("a"), {"content": [{"image": "broken.png"}]})
    assert check(line).is_valid
    report = check(line, open_media=True)
    assert found(report) == [(1, FindingKind.UNREADABLE)]
    assert "broken.png" in report.findings[0].message
    assert not report.is_valid


def test_a_repeated_example_names_the_first(check):
    line = example(text("a"), text("b"))
    report = check(line, example(text("c"), text("d")), line, line)
    assert found(report) == [(3, FindingKind.REPEATED), (4, FindingKind.REPEATED)]
    assert all("line 1" in one.message for one in report.findings)
    assert report.is_valid


def test_one_query_with_positives_that_differ_is_a_false_negative(check):
    report = check(
        example(text("a"), text("b")),
        example(text("a"), text("c")),
        example(text("a", instruction="Name it."), text("c")),
        example(text("a"), text("c"), task="other"),
    )
    assert found(report) == [(2, FindingKind.FALSE_NEGATIVE)]


def test_positives_of_one_label_are_no_false_negatives(check):
    report = check(
        example(text("a"), text("b", label="x")),
        example(text("a"), text("c", label="x")),
        example(text("a"), text("d", label="y"), text("e", label="x")),
    )
    assert report.findings == ()


def test_one_document_of_two_labels_is_a_false_negative(check):
    report = check(
        example(text("a"), text("b", label="x")),
        example(text("c"), text("d"), negatives=[text("b", label="y")]),
    )
    assert found(report) == [(2, FindingKind.FALSE_NEGATIVE)]
    assert "'y'" in report.findings[0].message
    assert "'x' in line 1" in report.findings[0].message


@pytest.mark.parametrize(
    ("thinking", "leaks"),
    [
        ("It is the Red Apple, surely.", True),
        ("It is red apples.", False),
        ("An apple that is red.", False),
    ],
)
def test_thinking_that_holds_the_target_is_named(check, thinking, leaks):
    rationale = {"thinking": thinking, "answer": "red apple"}
    report = check(example(text("fruit", rationale=rationale), text("red apple")))
    assert found(report) == [(1, FindingKind.LEAK)] * leaks
    assert report.is_valid


def test_a_target_without_words_is_in_no_thinking(check):
    rationale = {"thinking": "...", "answer": "a mark"}
    assert check(example(text("what?", rationale=rationale), text("?!"))).findings == ()


def test_two_missing_files_of_a_line_are_two_findings(check):
    pictures = [{"image": name} for name in ("no.png", "black.png", "none.png", "broken.png")]
    report = check(example(text("a"), {"content": pictures}), open_media=True)
    kinds = [FindingKind.MISSING, FindingKind.MISSING, FindingKind.UNREADABLE]
    assert found(report) == [(1, kind) for kind in kinds]


def test_lengths_are_counted_by_part(check):
    rationale = {"thinking": "one two three", "answer": "four"}
    report = check(
        example(text("a b", "c", rationale=rationale), text("d"), text("e f")),
        example({"content": [{"image": "black.png"}]}, text("g"), negatives=[text("h i j k l")]),
    )
    counted = {name: lengths.tolist() for name, lengths in report.lengths.items()}
    assert counted == {"query": [3], "positive": [1, 2, 1], "negative": [5], "rationale": [4]}


def test_the_caller_says_what_a_length_is(check):
    assert check(example(text("abc"), text("de")), length=len).lengths["query"].tolist() == [3]


def test_progress_counts_bytes(check, tmp_path):
    calls = []
    check(example(text("a"), text("b")), progress=lambda *call: calls.append(call))
    size = (tmp_path / "train.jsonl").stat().st_size
    assert calls == [(size, size)]


def test_an_empty_file_is_not_valid(check):
    assert not check().is_valid


def test_a_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read .*JSON Lines"):
        check_examples(JsonLines(tmp_path / "none.jsonl"))


def test_every_format_is_checked_with_its_rows_named(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("anchor,positive\na,b\na,c\nd,\na,b\n")
    report = check_examples(SentencePairs(path))
    kinds = [FindingKind.FALSE_NEGATIVE, FindingKind.INVALID, FindingKind.REPEATED]
    assert [(one.place, one.kind) for one in report.findings] == list(
        zip(["row 2", "row 3", "row 4"], kinds, strict=True)
    )
    assert [one.first for one in report.findings] == ["row 1", "", "row 1"]


def test_pictures_that_are_bytes_are_compared_by_their_content(tmp_path):
    rows = [
        example(text("a"), {"content": [{"image": picture(0)}], "label": label}) for label in "xy"
    ]
    write_parquet(tmp_path / "a.parquet", rows)
    report = check_examples(Parquet(tmp_path / "a.parquet"), open_media=True)
    assert found(report) == [(2, FindingKind.FALSE_NEGATIVE)] * 2


def test_a_broken_picture_in_a_table_is_unreadable(tmp_path):
    rows = [example(text("a"), {"content": [{"image": b"no picture"}]})]
    write_parquet(tmp_path / "a.parquet", rows)
    report = check_examples(Parquet(tmp_path / "a.parquet"), open_media=True)
    assert found(report) == [(1, FindingKind.UNREADABLE)]
