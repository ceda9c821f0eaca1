from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.errors import DataError
from forethought.evaluation import Benchmark, evaluate, read_mmeb
from forethought.types import Image, Side, Text, Think

FIRST = "test-00000-of-00001.parquet"


def row(
    text: str, image: str, texts: list[str], images: list[str], *, target: str | None = None
) -> dict[str, Any]:
    return {
        "qry_inst": "<|image_1|>\nRepresent the given image with the following question:\n",
        "qry_text": text,
        "qry_img_path": image,
        "tgt_inst": target,
        "tgt_text": texts,
        "tgt_img_path": images,
    }


QUESTIONS = [
    row("What colour is it?", "A-OKVQA/red.png", ["red", "blue", "green"], ["", "", ""]),
    row("Is it blue?", "A-OKVQA/blue.png", ["yes", "no"], ["", ""]),
    row("What else?", "A-OKVQA/red.png", ["blue", "red"], ["", ""]),
]
CAPTIONED = [
    row(
        'a "red" square\n',
        "",
        ["one of two captions", "the other caption", ""],
        ["WebQA/red.jpg", "WebQA/red.jpg", "WebQA/blue.jpg"],
        target="<|image_1|> Represent the given image",
    )
]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tasks in MMEB's columns, with images of 9 x 7 pixels."""
    write(tmp_path / "A-OKVQA" / FIRST, QUESTIONS)
    write(tmp_path / "WebQA" / FIRST, CAPTIONED)
    for name, colour in {
        "A-OKVQA/red.png": (255, 0, 0),
        "A-OKVQA/blue.png": (0, 0, 255),
        "WebQA/red.jpg": (204, 51, 51),
        "WebQA/blue.jpg": (51, 51, 204),
    }.items():
        path = tmp_path / "image-tasks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (9, 7), colour).save(path)
    return tmp_path


def test_reads_each_querys_candidates_with_the_first_as_relevant(folder):
    benchmark = read_mmeb(folder)
    assert isinstance(benchmark, Benchmark)
    questions, captioned = benchmark.tasks
    assert (questions.name, questions.split, captioned.name) == ("A-OKVQA", "test", "WebQA")
    # Equal candidates of different queries are one document: red, blue, green, yes, no.
    assert [item.text for item in questions.documents] == ["red", "blue", "green", "yes", "no"]
    assert questions.candidates == ((0, 1, 2), (3, 4), (1, 0))
    assert questions.grades().tolist() == [[1.0, 0, 0], [1.0, 0, 0], [1.0, 0, 0]]
    # One image under two captions is two documents.
    assert captioned.candidates == ((0, 1, 2),)


def test_a_message_holds_image_text_and_instruction_apart(folder):
    benchmark = read_mmeb(folder)
    message = benchmark.message(benchmark.tasks[0].queries[1], Side.QUERY)
    image, text = message.content
    assert isinstance(image, Image)
    assert isinstance(text, Text)
    assert (image.source, image.pixels.shape) == ("A-OKVQA/blue.png", (7, 9, 3))
    assert text.words == "Is it blue?"
    assert message.instruction == "Represent the given image with the following question:"


def test_an_empty_text_or_path_adds_no_content(folder):
    benchmark = read_mmeb(folder)
    (captioned,) = (task for task in benchmark.tasks if task.name == "WebQA")
    (text,) = benchmark.message(captioned.queries[0], Side.QUERY).content
    assert text == Text('a "red" square\n')
    (image,) = benchmark.message(captioned.documents[2], Side.DOCUMENT).content
    assert isinstance(image, Image)
    message = benchmark.message(captioned.documents[2], Side.DOCUMENT)
    assert message.instruction == "Represent the given image"


def test_is_scored_like_any_benchmark(folder, painter):
    benchmark = read_mmeb(folder, tasks=["A-OKVQA"])
    (result,) = evaluate(benchmark, painter, think=[Think.NEVER])
    assert list(result.metrics) == ["hit@1"]
    # Red pictures are nearest to "red": right for the first question, wrong for the third.
    # The painter knows neither "yes" nor "no": a tie, lost.
    assert result.metrics["hit@1"].tolist() == [1.0, 0.0, 0.0]


def test_a_cap_keeps_every_candidate_of_the_queries_it_keeps(folder):
    benchmark = read_mmeb(folder, tasks=["A-OKVQA"], max_queries=2)
    (task,) = benchmark.tasks
    assert [query.text for query in task.queries] == ["What colour is it?", "What else?"]
    assert task.candidates == ((0, 1, 2), (1, 0))
    assert benchmark.max_queries == 2


def test_shards_of_a_task_are_read_in_order(folder):
    (folder / "A-OKVQA" / FIRST).unlink()
    write(folder / "A-OKVQA" / "test-00000-of-00002.parquet", QUESTIONS[:2])
    write(folder / "A-OKVQA" / "test-00001-of-00002.parquet", QUESTIONS[2:])
    (task, _) = read_mmeb(folder).tasks
    assert [query.text for query in task.queries] == [one["qry_text"] for one in QUESTIONS]


def test_the_revision_changes_with_the_annotations_alone(folder):
    before = read_mmeb(folder).revision
    assert read_mmeb(folder, tasks=["WebQA"], max_queries=1).revision == before
    write(folder / "A-OKVQA" / FIRST, QUESTIONS[:2])
    assert read_mmeb(folder).revision != before


def test_refuses_a_folder_without_annotations(tmp_path):
    with pytest.raises(DataError, match=r"no TASK/test-00000-of-00001\.parquet"):
        read_mmeb(tmp_path)


def test_refuses_a_missing_shard(folder):
    (folder / "WebQA" / FIRST).rename(folder / "WebQA" / "test-00000-of-00002.parquet")
    with pytest.raises(DataError, match="WebQA: 1 files of 2; copy the missing ones"):
        read_mmeb(folder)


def test_refuses_an_unknown_task(folder):
    with pytest.raises(DataError, match="unknown task 'WebQB'; known: A-OKVQA, WebQA"):
        read_mmeb(folder, tasks=["WebQB"])


def test_refuses_a_missing_column(folder):
    rows = [{name: value for name, value in QUESTIONS[0].items() if name != "tgt_inst"}]
    write(folder / "A-OKVQA" / FIRST, rows)
    with pytest.raises(DataError, match="no column 'tgt_inst', only qry_inst, qry_text"):
        read_mmeb(folder)


def test_refuses_a_damaged_file(folder):
    (folder / "WebQA" / FIRST).write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match="not readable as Parquet"):
        read_mmeb(folder)


def test_refuses_missing_images_before_any_is_opened(folder):
    (folder / "image-tasks" / "WebQA" / "blue.jpg").unlink()
    with pytest.raises(DataError, match=r"WebQA, test: no image .*blue\.jpg \(1 are missing\)"):
        read_mmeb(folder)


@pytest.mark.parametrize(
    ("texts", "images", "message"),
    [
        (["red", "red"], ["", ""], "query 0: candidate 0 occurs 2 times"),
        (["red", "blue"], [""], "query 0: 2 texts and 1 images of candidates"),
        ([], [], "query 0: 0 texts and 0 images"),
        (["red", ""], ["", ""], "query 0, candidate 1: neither text nor image"),
        ([""], ["../secret.png"], "candidate 0: image '../secret.png' lies outside image-tasks"),
    ],
)
def test_refuses_candidates_that_cannot_be_ranked(folder, texts, images, message):
    write(folder / "A-OKVQA" / FIRST, [row("Which?", "A-OKVQA/red.png", texts, images)])
    with pytest.raises(DataError, match=message):
        read_mmeb(folder)
