import dataclasses
import json

import pytest

from forethought.errors import DataError
from forethought.rationales import MergeCounts, RationaleStore, from_line, read_lines, to_line
from forethought.types import Ending, Rationale
from tests.rationales.rows import key, row

FIRST = Rationale("fur", "a cat", Ending.EMBED)
TIMES = {
    "created": "2031-02-03T04:05:06.000007+00:00",
    "edited": "2031-02-03T05:05:06.000000+00:00",
}


def test_a_line_has_every_field():
    fields = json.loads(to_line(row(3, original=FIRST, **TIMES)))
    assert fields == {
        "key": key(3),
        "thinking": "thinking of 3\n\u2028é",
        "answer": "answer 3",
        "ending": "length",
        "token_ids": [3, 7, 303],
        "tokens": 3,
        "reasoner": "tiny@0123456789ab",
        "sources": ["3.png", "what is it?"],
        **TIMES,
        "original": {"thinking": "fur", "answer": "a cat", "ending": "embed"},
    }


@pytest.mark.parametrize(
    "made", [row(3, original=FIRST, **TIMES), row(4, created=TIMES["created"])]
)
def test_reading_a_line_undoes_writing_it(made):
    assert from_line(to_line(made)) == made


def test_times_are_converted_to_utc():
    fields = json.loads(to_line(row(3, original=FIRST, **TIMES)))
    line = json.dumps({**fields, "edited": "2031-02-03T07:05:06+02:00"})
    assert from_line(line).edited == TIMES["edited"]


def test_an_exported_store_is_imported_as_it_was(tmp_path):
    store = RationaleStore(tmp_path / "one")
    store.add([row(number) for number in range(4)])
    store.edit(key(2), answer="two lines\nand \u2028 more")
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{to_line(one)}\n" for one in store), encoding="utf-8")
    copy = RationaleStore(tmp_path / "two")
    assert copy.merge(read_lines(file)) == MergeCounts(added=4, edited=0, unchanged=0)
    assert list(copy) == list(store)
    assert copy.merge(read_lines(file)) == MergeCounts(added=0, edited=0, unchanged=4)


WRONG = {
    "not json": ("{", r"line 2: not JSON"),
    "list": ("[]", r"line 2: '\[\]' is not an object"),
    "key": ({"key": "ab"}, r"\"key\" must be 64 hexadecimal digits, got 'ab'"),
    "upper": ({"key": "A" * 64}, "must be 64 hexadecimal digits"),
    "thinking": ({"thinking": None}, "\"thinking\" must be a string of Unicode, got 'None'"),
    "surrogate": ({"answer": "\udcff"}, '"answer" must be a string of Unicode'),
    "ending": ({"ending": "bored"}, r"\"ending\" must be one of embed, .*, got 'bored'"),
    "ids": ({"token_ids": [1, -2]}, '"token_ids" must be a list of whole numbers'),
    "bools": ({"token_ids": [True]}, '"token_ids" must be a list of whole numbers'),
    "sources": ({"sources": [3]}, '"sources" must be strings'),
    "time": ({"created": "yesterday"}, "must be a time in ISO 8601, got 'yesterday'"),
    "zone": ({"created": "2031-02-03T04:05:06"}, "needs its time zone"),
    "half an edit": ({"edited": TIMES["edited"]}, '"edited" and "original" belong together'),
    "original": ({"edited": TIMES["edited"], "original": 3}, '"original" is 3, not an object'),
}


@pytest.mark.parametrize(("changed", "error"), WRONG.values(), ids=list(WRONG))
def test_a_bad_line_is_refused_with_its_number(tmp_path, changed, error):
    good = to_line(row(1, created=TIMES["created"]))
    line = changed if isinstance(changed, str) else json.dumps({**json.loads(good), **changed})
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{good}\n{line}\n")
    with pytest.raises(DataError, match=error) as refused:
        read_lines(file)
    assert str(refused.value).startswith(f"{file}, line 2: ")
    assert str(refused.value).endswith("nothing is imported, correct it first")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file; check the path"):
        read_lines(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"cannot be read .*; export it again"):
        read_lines(tmp_path / "latin.jsonl")


def test_a_missing_time_is_now():
    fields = json.loads(to_line(row(1)))
    assert dataclasses.replace(from_line(json.dumps(fields)), created="") == row(1)
