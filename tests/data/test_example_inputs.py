import json

import numpy as np
import PIL.Image
import pytest

from forethought.data import ExampleInputs
from forethought.errors import ContentError, DataError
from forethought.types import Image, Message, Side, Text

QUERY = {"content": [{"text": "a cat"}], "instruction": "Find."}
ROW = {
    "query": {**QUERY, "rationale": {"thinking": "secret", "answer": "secret"}},
    "positives": [{"content": [{"image": "cat.png"}, {"text": "tom"}], "label": "seven"}],
    "negatives": [{"content": [{"text": "dog"}]}],
}


@pytest.fixture
def write(tmp_path):
    PIL.Image.fromarray(np.full((4, 6, 3), 90, np.uint8)).save(tmp_path / "cat.png")

    def make(*rows):
        path = tmp_path / "train.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        return path

    return make


def test_every_query_and_positive_is_an_input(write):
    found = ExampleInputs.read(write(ROW, {**ROW, "positives": [QUERY, QUERY]})).inputs
    assert [(one.line, one.side, one.document, one.number) for one in found] == [
        (0, Side.QUERY, 0, 1),
        (0, Side.DOCUMENT, 0, 1),
        (1, Side.QUERY, 0, 2),
        (1, Side.DOCUMENT, 0, 2),
        (1, Side.DOCUMENT, 1, 2),
    ]


def test_inputs_of_one_content_and_instruction_have_one_digest(write):
    rows = [ROW, {"query": QUERY, "positives": [{**QUERY, "instruction": ""}]}]
    first, picture, same, other = (one.digest for one in ExampleInputs.read(write(*rows)).inputs)
    assert first == same
    assert len({first, picture, other}) == 3


def test_an_opened_input_has_its_own_side_and_nothing_else(write):
    examples = ExampleInputs.read(write(ROW, ROW))
    query, document = (examples.open(one) for one in examples.inputs[2:])
    assert query == Message((Text("a cat"),), "Find.", Side.QUERY)
    picture, words = document.content
    assert isinstance(picture, Image)
    assert picture.pixels.shape == (4, 6, 3)
    assert (words, document.instruction, document.side) == (Text("tom"), "", Side.DOCUMENT)


def test_a_query_opens_without_the_media_of_its_documents(write, tmp_path):
    examples = ExampleInputs.read(write(ROW))
    (tmp_path / "cat.png").unlink()
    query, document = examples.inputs
    assert examples.open(query).content == (Text("a cat"),)
    with pytest.raises(ContentError, match=r"cat\.png"):
        examples.open(document)


def test_a_file_that_changes_meanwhile_is_named(write):
    path = write(ROW)
    examples = ExampleInputs.read(path)
    write({**ROW, "query": {"content": [{"text": "a dog"}]}})
    with pytest.raises(DataError, match="line 1: changed while it was read"):
        examples.open(examples.inputs[0])


def test_a_faulty_line_and_a_missing_file_are_named(write, tmp_path):
    with pytest.raises(DataError, match=r"line 2: .*unknown key 'quary'"):
        ExampleInputs.read(write(ROW, {"quary": 1}))
    with pytest.raises(DataError, match="No such file"):
        ExampleInputs.read(tmp_path / "none.jsonl")
