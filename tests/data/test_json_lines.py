import json

import numpy as np
import PIL.Image
import pytest

from forethought.data import ExampleKey, ExampleSource, JsonLines
from forethought.errors import DataError
from forethought.types import Document, Ending, Image, Message, Rationale, Side, Text, Video
from tests.published_data import words

CAT = {
    "task": "pets",
    "query": {
        "instruction": "Find the picture.",
        "content": [{"text": "a cat asleep"}],
        "rationale": {"thinking": "A cat, lying.", "answer": "cat"},
    },
    "positives": [
        {"content": [{"image": "cats/7.png"}], "label": "cat 7"},
        {"content": [{"text": "a sleeping cat"}], "rationale": {"thinking": "…", "answer": "cat"}},
    ],
    "negatives": [
        {"content": [{"image": "dog.png"}, {"text": "a dog"}], "instruction": "Picture."}
    ],
}
SHORT = {"query": {"content": [{"text": "q"}]}, "positives": [{"content": [{"text": "d"}]}]}


def without(table, *keys):
    return {key: value for key, value in table.items() if key not in keys}


def text(*words):
    return {"content": [{"text": word} for word in words]}


@pytest.fixture
def write(tmp_path):
    """Writes lines beside two pictures; gives the source."""
    (tmp_path / "cats").mkdir()
    for name, value in (("cats/7.png", 200), ("dog.png", 90)):
        PIL.Image.fromarray(np.full((4, 6, 3), value, np.uint8)).save(tmp_path / name)

    def make(*lines):
        path = tmp_path / "train.jsonl"
        rows = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("\n".join(rows), encoding="utf-8")
        return JsonLines(path)

    return make


def test_it_is_a_source_of_examples(write):
    assert isinstance(write(CAT), ExampleSource)


def test_a_line_becomes_an_example(write):
    found = write(CAT)[0]
    assert found.task == "pets"
    assert found.query == Message((Text("a cat asleep"),), "Find the picture.", Side.QUERY)
    assert found.rationale == Rationale("A cat, lying.", "cat", Ending.EMBED)
    cat, words = found.positives
    assert (cat.label, cat.rationale) == ("cat 7", None)
    (picture,) = cat.message.content
    assert isinstance(picture, Image)
    assert picture.pixels.shape == (4, 6, 3)
    assert words.rationale == Rationale("…", "cat", Ending.EMBED)
    assert words.message == Message((Text("a sleeping cat"),), "", Side.DOCUMENT)
    (dog,) = found.negatives
    assert [type(part) for part in dog.message.content] == [Image, Text]
    assert dog.message.instruction == "Picture."


def test_only_query_and_positives_are_needed(write):
    found = write(SHORT)[0]
    assert (found.task, found.rationale, found.negatives) == ("default", None, ())


def test_documents_of_one_content_have_one_label_unless_they_name_one(write):
    other = {**SHORT, "query": text("another question")}
    third = {**SHORT, "positives": [{**text("d"), "label": "mine"}]}
    labels = [key.label for key in write(SHORT, other, third, CAT).iter_keys()]
    assert labels[0] == labels[1]
    assert labels[2:] == ["mine", "cat 7"]


def test_lines_are_read_by_index_and_in_order_and_empty_ones_are_skipped(write):
    source = write(SHORT, "", CAT, "  ", {**SHORT, "query": text("ünicode")})
    assert len(source) == 3
    assert source[2].query.content == (Text("ünicode"),)
    assert source[-1] == source[2]
    assert [example.task for example in source] == ["default", "pets", "default"]
    with pytest.raises(IndexError):
        source[3]


def test_keys_open_no_media(write, tmp_path):
    source = write(CAT)
    (tmp_path / "dog.png").write_bytes(b"no picture")
    assert list(source.iter_keys()) == [ExampleKey("pets", "cat 7")]
    with pytest.raises(DataError, match=r"train.jsonl, line 1: .*dog.png: not a picture"):
        source[0]


def test_a_video_and_a_pdf_are_content(write, tmp_path):
    frames = tmp_path / "clip"
    frames.mkdir()
    for index in range(2):
        PIL.Image.fromarray(np.full((4, 6, 3), 9, np.uint8)).save(frames / f"{index}.png")
    sheets = [PIL.Image.new("RGB", (20, 30), colour) for colour in ("red", "blue", "green")]
    sheets[0].save(tmp_path / "paper.pdf", save_all=True, append_images=sheets[1:])
    parts = [{"video": "clip"}, {"pdf": "paper.pdf", "pages": "2-3"}]
    content = write({**SHORT, "query": {"content": parts}})[0].query.content
    assert [type(part) for part in content] == [Video, Image, Image]


def part(**fields):
    return {**SHORT, "query": {"content": [fields]}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"line 2: not JSON"),
        ("[1]", "line 2: not an object"),
        ({**SHORT, "quary": 1}, r"line 2: unknown key 'quary'; did you mean 'query'"),
        (without(SHORT, "positives"), r"line 2: missing 'positives'"),
        ({**SHORT, "positives": []}, "line 2: positives is empty; name at least one document"),
        ({**SHORT, "query": text()}, "line 2: content is empty"),
        ({**SHORT, "query": "q"}, "line 2: query must be a table, got 'q'"),
        ({**SHORT, "task": 3}, "line 2: task must be a string, got 3"),
        ({**SHORT, "negatives": [text("d")]}, "is a positive and a negative; give them labels"),
        (part(), r"line 2: \[query.content.0\]: a part is one of text, .* got none"),
        (
            part(text="a", image="dog.png"),
            "one of text, image, video, frames and pdf, got text and image",
        ),
        (part(texts="a"), r"\[query.content.0\]: unknown key 'texts'; did you mean 'text'"),
        (part(text="a", pages="2"), "pages='2' belong to a pdf"),
        (part(image="gone.png"), "line 2: gone.png: no such file; paths are relative to"),
        (
            {**SHORT, "query": {**text("q"), "label": "x"}},
            r"\[query\]: unknown key 'label'; known: content, instruction, rationale",
        ),
        (
            {**SHORT, "query": {**text("q"), "rationale": {"thinking": "…"}}},
            r"\[query.rationale\]: missing 'answer'",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(write, line, message):
    with pytest.raises(DataError, match=message):
        len(write(SHORT, line))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"gone.jsonl: cannot be read \(No such file"):
        len(JsonLines(tmp_path / "gone.jsonl"))


def test_documents_compare_by_message_label_and_rationale():
    message = Message((Text("d"),), "", Side.DOCUMENT)
    assert Document(message, "a") == Document(message, "a") != Document(message, "b")


def test_a_folder_of_files_is_read_in_order(tmp_path):
    for name, query in (("b.jsonl", "third"), ("a.jsonl", "first")):
        lines = [{**SHORT, "query": text(query)}, {**SHORT, "query": text(f"after {query}")}]
        (tmp_path / name).write_text("\n".join(map(json.dumps, lines)))
    queries = [word for example in JsonLines(tmp_path) for word in words(example.query)]
    assert queries == ["first", "after first", "third", "after third"]


def test_an_array_of_examples_is_read_too(tmp_path):
    path = tmp_path / "all.json"
    path.write_text(json.dumps([SHORT, CAT | {"positives": SHORT["positives"], "negatives": []}]))
    assert [example.task for example in JsonLines(path)] == ["default", "pets"]


def test_half_a_surrogate_pair_in_a_rationale_is_named(write):
    query = {**text("q"), "rationale": {"thinking": "\ud800", "answer": "a"}}
    with pytest.raises(DataError, match="line 1: thinking is no Unicode at 0"):
        len(write({**SHORT, "query": query}))
