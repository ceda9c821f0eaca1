import json

import pytest

from forethought.errors import DataError
from tests.selection.mined import axes, example, mine, negatives, write


def test_what_shares_a_label_or_its_content_with_a_positive_is_no_negative(tmp_path):
    path = write(
        tmp_path,
        example("q", ("a", "one"), "x"),
        example("e", ("b", "one")),  # the label of a
        example("f", ("x", "two")),  # the content of x, so its label is one of q's too
        example("g", ("c", "two")),
        example("q", "y"),  # q again: y answers it
        example("h", "d"),
        example("i", "z"),
    )
    _, tables = mine(path, axes())
    assert sorted(negatives(tables[0])) == ["d", "z"]
    assert negatives(tables[4]) == negatives(tables[0])


def test_one_content_with_two_instructions_is_one_answer(tmp_path):
    other = example("e", "a")
    other["positives"][0]["instruction"] = "Text."
    _, tables = mine(write(tmp_path, example("q", "a"), other, example("f", "c")), axes())
    assert negatives(tables[0]) == ["c"]


def test_a_query_ranks_the_documents_of_its_task(tmp_path):
    path = write(
        tmp_path,
        example("q", "a", task="one"),
        example("e", "d", task="one"),
        example("f", "b", task="two"),
        example("g", "d", task="two"),
    )
    assert negatives(mine(path, axes())[1][0]) == ["d"]
    assert negatives(mine(path, axes(), across_tasks=True)[1][0]) == ["b", "d"]


def test_documents_of_another_file_are_considered_instead(tmp_path):
    path = write(tmp_path, example("q", "a"), example("e", "b"))
    other = write(
        tmp_path, example("any", "c", ("a", "same"), negatives=["d"]), name="corpus.jsonl"
    )
    report, tables = mine(path, axes(), documents=other)
    assert negatives(tables[0]) == ["c", "d"]
    assert sorted(negatives(tables[1])) == ["a", "c", "d"]
    assert report.documents == 3


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "it holds no example; write at least two"),
        ([("q", "a"), ("e", "a")], "all examples have one document"),
    ],
)
def test_a_file_with_nothing_to_choose_is_refused(tmp_path, lines, message):
    with pytest.raises(DataError, match=message):
        mine(write(tmp_path, *[example(*line) for line in lines]), axes())


def test_faulty_files_are_named(tmp_path):
    good = write(tmp_path, example("q", "a"), example("e", "b"))
    with pytest.raises(DataError, match=r"gone\.jsonl: cannot be read"):
        mine(tmp_path / "gone.jsonl")
    with pytest.raises(DataError, match=r"gone\.jsonl: cannot be read"):
        mine(good, documents=tmp_path / "gone.jsonl")
    with pytest.raises(DataError, match=r"bad\.jsonl, line 2"):
        mine(write(tmp_path, example("q", "a"), {"query": 1}, name="bad.jsonl"))
    with pytest.raises(DataError, match=r"none\.jsonl: it holds no example, so no document"):
        mine(good, documents=write(tmp_path, name="none.jsonl"))
    assert not (tmp_path / "mined.jsonl").exists()


def test_an_array_and_a_folder_are_no_lines(tmp_path):
    good = write(tmp_path, example("q", "a"), example("e", "b"))
    array = good.with_name("array.jsonl")
    array.write_text(json.dumps([example("q", "a"), example("e", "b")], indent=1))
    with pytest.raises(DataError, match=r"array\.jsonl: not one object a line; write it as JSON L"):
        mine(array)
    (tmp_path / "folder").mkdir()
    good.rename(tmp_path / "folder" / "x.jsonl")
    with pytest.raises(DataError, match="folder: is a folder; name a JSON Lines file"):
        mine(tmp_path / "folder")
