import json
from pathlib import Path

import PIL.Image
import pytest

from forethought.data import JsonLines
from forethought.errors import ConfigError, DataError
from forethought.selection import (
    MiningOptions,
    NegativeRule,
    mine_hard_negatives,
)
from forethought.training.pair_batch import TrainPair, answered
from tests.fakes import ColourEncoder
from tests.selection.mined import ANY, axes, example, mine, negatives, write
from tests.selection.vectors import LookupEncoder


def test_a_document_is_written_with_its_instruction_and_a_label_from_any_line(tmp_path):
    first, second = example("q", "a"), example("e", "c")
    second["positives"][0] |= {
        "instruction": "Text.",
        "rationale": {"thinking": "t", "answer": "a"},
    }
    third = example("f", ("c", "three"))
    third["positives"][0]["instruction"] = "Text."
    report, tables = mine(write(tmp_path, first, second, third), axes())
    assert tables[0]["negatives"] == [
        {"content": [{"text": "c"}], "instruction": "Text.", "label": "three"}
    ]
    assert report.relabelled == 1


def test_everything_else_of_a_line_stays(tmp_path):
    rationale = {"thinking": "Café.", "answer": "é"}
    first = example("q", "a", negatives=["n"], task="t")
    first["query"]["rationale"] = rationale
    alone = example("e", "b", task="alone")
    path = write(tmp_path, first, alone, example("f", "c", task="t"))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n\n", 1))
    report, tables = mine(path, axes())
    lines = path.with_name("mined.jsonl").read_bytes().split(b"\n")
    assert lines[1] == b""
    assert lines[2] == json.dumps(alone).encode()  # a task with one document: as it was
    assert {**tables[0], "negatives": None} == {**first, "negatives": None}
    assert list(tables[0]) == list(first)
    assert negatives(tables[0]) == ["n", "c"]
    assert "é".encode() in lines[0]
    assert report.examples == {0: 1, 1: 1, 2: 1}


def test_replace_leaves_out_the_negatives_of_before(tmp_path):
    path = write(
        tmp_path,
        example("q", "a", negatives=["d"]),
        example("q", "c", negatives=["a"], task="alone"),
    )
    rule = NegativeRule(num_negatives=1, relative_margin=None)
    _, tables = mine(path, axes(), rule)
    assert negatives(tables[0]) == ["d"]  # there is no other
    _, tables = mine(path, axes(), rule, replace=True, across_tasks=True)
    assert [negatives(table) for table in tables] == [["c"], ["a"]]


@pytest.fixture
def pictures(tmp_path):
    for folder in ("train", "corpus"):
        (tmp_path / folder).mkdir()
        for name, colour in [("red", "red"), ("green", "lime"), ("blue", "blue")]:
            PIL.Image.new("RGB", (20, 30), colour).save(tmp_path / folder / f"{name}.png")
    return tmp_path


def picture(query, name):
    return {
        "query": {"content": [{"text": query}]},
        "positives": [{"content": [{"image": name}]}],
    }


def test_paths_of_another_folder_are_written_relative_to_the_examples(tmp_path, pictures):
    path = write(
        tmp_path, picture("red", "./red.png"), picture("blue", "blue.png"), name="train/x.jsonl"
    )
    other = write(
        tmp_path,
        picture("red", "../train/red.png"),
        picture("g", "green.png"),
        picture("b", str(pictures / "train" / "blue.png")),
        name="corpus/x.jsonl",
    )
    out = path.with_name("out.jsonl")
    mine_hard_negatives(
        path, out, ColourEncoder(), rule=ANY, options=MiningOptions(), documents=other
    )
    tables = [json.loads(line) for line in out.read_text().splitlines()]
    names = {one["content"][0]["image"] for one in tables[0]["negatives"]}
    # red.png is the positive, however it is written.
    assert names == {"../corpus/green.png", str(pictures / "train" / "blue.png")}
    assert len(list(JsonLines(out))) == 2


def test_an_output_in_another_folder_than_its_pictures_is_refused(tmp_path, pictures):
    path = write(
        tmp_path, picture("red", "red.png"), picture("g", "green.png"), name="train/x.jsonl"
    )
    with pytest.raises(ConfigError, match=r"out\.jsonl: paths of media are relative to the folder"):
        mine_hard_negatives(
            path, pictures / "out.jsonl", ColourEncoder(), rule=ANY, options=MiningOptions()
        )


@pytest.mark.parametrize("name", ["train.jsonl", "../{}/train.jsonl", "corpus.jsonl"])
def test_an_output_that_is_read_is_refused(tmp_path, name):
    path = write(tmp_path, example("q", "a"), example("e", "b"))
    other = write(tmp_path, example("q", "a"), example("e", "b"), name="corpus.jsonl")
    before = path.read_bytes()
    out = path.parent / name.format(path.parent.name)
    with pytest.raises(ConfigError, match="is read too, and would hold other negatives"):
        mine_hard_negatives(path, out, axes(), rule=ANY, options=MiningOptions(), documents=other)
    assert path.read_bytes() == before


def test_a_file_that_changed_meanwhile_is_not_mixed_up(tmp_path):
    path = write(tmp_path, example("q", "a"), example("e", "b"))

    class Changing(LookupEncoder):
        def encode(self, inputs, **arguments):
            path.write_text(path.read_text() + "\n")
            return super().encode(inputs, **arguments)

    with pytest.raises(DataError, match="was changed while it was mined; mine it again"):
        mine(path, Changing())
    assert {one.name for one in Path(path.parent).iterdir()} == {"train.jsonl"}


def test_negatives_are_masked_in_a_batch_where_they_answer(tmp_path):
    path = write(
        tmp_path,
        example("q", ("a", "one")),
        example("e", ("b", "two")),
        example("f", ("b", "two"), ("c", "three")),
        example("g", "d"),
    )
    rule = NegativeRule(num_negatives=1, relative_margin=None)
    mine(path, axes(), rule)
    examples = list(JsonLines(path.with_name("mined.jsonl")))
    assert [example.negatives[0].label for example in examples[:1]] == ["two"]
    pairs = [
        TrainPair(one.task, one.query, None, one.positives[0], one.negatives, one.labels)
        for one in examples
    ]
    mask = answered(pairs)
    labels = [pair.document.label for pair in pairs]
    labels += [document.label for pair in pairs for document in pair.negatives]
    for pair, row in zip(pairs, mask.tolist(), strict=True):
        assert row == [label in pair.answers for label in labels]
    # q's negative b answers the queries e and f, and is none of theirs.
    assert mask[:, 4].tolist() == [False, True, True, False]
