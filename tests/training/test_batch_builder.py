import dataclasses
import io

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from forethought.data import GlyphPairs, Pair, TaskBatches, read_texts
from forethought.nano.vocabulary import learn_tokens
from forethought.renderers import ForethoughtRenderer, Layout, Tag
from forethought.training.batch_builder import BatchBuilder, Teacher, load_teacher
from forethought.training.recipe import TaskWeight
from forethought.types import Ending, Patches, Rationale, Side
from tests import tiny

EMPTY = Pair(*("",) * len(dataclasses.fields(Pair)))
STATEMENTS = ("Red is a colour.", "Green is one too.", "Blue is the third.", "Black is none.")


def patchify(image):
    return Patches(np.full((8, 5), image.pixels.mean(), np.float32), (1, 2, 4))


def stage(*tasks, batch=4):
    """A stage that draws from tasks, each twice as often as the next."""
    weights = tuple(TaskWeight(task, 0.5**at) for at, task in enumerate(tasks))
    plain = tiny.stage("any", steps=3, own=0.0, rate=0.1)
    return dataclasses.replace(plain, batch=batch, tasks=weights)


STAGE = stage("keywords", "name")


def material(source, *, seed=9):
    renderer = ForethoughtRenderer(Layout(learn_tokens(STATEMENTS, size=300), patchify, 4, 400))
    batches = TaskBatches(source.pairs, seed)
    return BatchBuilder(source, batches, renderer, STATEMENTS, ("red paint", "blue ink"), seed)


@pytest.fixture(scope="module")
def made(tiny_data):
    return material(GlyphPairs(tiny_data, "train"))


def shown(examples):
    return [
        part.pixels
        for e in examples
        for m in (e.query, e.document)
        for part in m.content
        if hasattr(part, "pixels")
    ]


def test_a_step_shows_the_same_whenever_it_is_asked(made):
    (pairs, first), (again_pairs, again) = made.examples(3, STAGE), made.examples(3, STAGE)
    assert pairs == again_pairs
    assert all(np.array_equal(a, b) for a, b in zip(shown(first), shown(again), strict=True))


def test_a_stage_says_how_many_pairs_of_which_tasks_are_drawn(made):
    for step in range(5):
        pairs, examples = made.examples(step, stage("name", batch=3))
        assert [pair.task for pair in pairs] == ["name"] * 3
        assert len(examples) == 3


def test_pictures_look_a_little_different_but_messages_keep_what_they_ask(made):
    pairs, examples = made.examples(3, STAGE)
    for pair, example in zip(pairs, examples, strict=True):
        plain = made.source.example(pair)
        for seen, still in ((example.query, plain.query), (example.document, plain.document)):
            assert (seen.instruction, seen.side) == (still.instruction, still.side)
        assert example.query_rationale == plain.query_rationale
        assert not np.array_equal(shown([example])[0], shown([plain])[0])


def halves(folder, task, concept):
    """A world of one picture: black on the left, white on the right."""
    folder.mkdir()
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, 16:] = 255
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    picture = {"picture": "halves", "png": file.getvalue()}
    pq.write_table(pa.Table.from_pylist([picture]), folder / "pictures.parquet")
    pair = dataclasses.replace(
        EMPTY,
        task=task,
        split="train",
        query_text="which?",
        query_concept=concept,
        document_picture="halves",
    )
    pq.write_table(pa.Table.from_pylist([dataclasses.asdict(pair)]), folder / "examples.parquet")
    return material(GlyphPairs(folder, "train"))


@pytest.mark.parametrize(
    ("task", "concept", "flips"),
    [
        ("keywords", "cat", True),
        ("flag", "bolivia", False),
        ("flag_question", "bolivia", False),
        ("country_question", "bolivia", False),
        ("clock", "ten past four", False),
        ("style", "clock/16:10", False),
    ],
)
def test_a_picture_is_mirrored_only_where_left_and_right_mean_nothing(
    tmp_path, task, concept, flips
):
    made = halves(tmp_path / "data", task, concept)
    pictures = [shown(made.examples(step, stage(task, batch=2))[1])[0] for step in range(30)]
    mirrored = [p[10:22, 8:12].mean() > p[10:22, 20:24].mean() for p in pictures]
    assert any(mirrored) is flips
    assert not all(mirrored)


def test_both_sides_of_each_example_become_prompts(made):
    pairs, examples = made.examples(3, STAGE)
    queries, documents = made.prompts(examples)
    for prompt, example in zip(queries, examples, strict=True):
        assert prompt.token_ids == made.renderer.render(example.query).token_ids
    assert len(documents) == len(pairs)
    assert queries[0].token_ids != documents[0].token_ids


def test_a_row_is_direct_or_taught(made):
    _, examples = made.examples(3, STAGE)
    (prompt, *_), _ = made.prompts(examples)
    rationale = Rationale("A square.", "red", Ending.EMBED)
    taught, direct = made.row(prompt, rationale), made.row(prompt, None)
    assert (taught.completion, taught.taught) == (made.renderer.write(rationale), True)
    assert (direct.completion, direct.taught) == ((), False)


def test_statements_are_told_three_at_a_time_as_the_start_of_a_thought(made):
    rows = made.statement_rows(7, 5)
    assert rows == made.statement_rows(7, 5)
    assert rows != made.statement_rows(8, 5)
    assert len(rows) == 5
    opening = (*made.renderer.opening, made.renderer.layout.token_id(Tag.THINK))
    for row in rows:
        assert row[: len(opening)] == opening == made.opening
        said = made.renderer.layout.tokenizer.decode(list(row[len(opening) :]))
        assert said.count(".") == 3
        assert all(f"{part.strip()}." in STATEMENTS for part in said.split(".") if part)


def test_lessons_are_texts_asked_as_queries(made):
    texts, prompts = made.lesson_prompts(2, 6)
    assert set(texts) <= {"red paint", "blue ink"}
    assert len(prompts) == 6
    for text, prompt in zip(texts, prompts, strict=True):
        words = made.renderer.layout.tokenizer.decode(list(prompt.token_ids))
        assert f"\n{text}" in words


def test_a_teacher_gives_the_vectors_of_what_it_knows():
    vectors = torch.arange(6.0).reshape(3, 2).half()
    teacher = Teacher({"a": 2, "b": 0}, vectors)
    known, found = teacher.of(["b", "", "never", "a"])
    assert known == [0, 3]
    assert found.tolist() == [[0, 1], [4, 5]]
    assert found.dtype == torch.float32
    assert teacher.of(["never"])[0] == []


def test_a_teacher_is_read_from_beside_the_data(tmp_path):
    keys = [
        {"kind": "picture", "key": "plain/red", "row": 0},
        {"kind": "picture", "key": "plain/blue", "row": 1},
        {"kind": "text", "key": "red", "row": 0},
        {"kind": "text", "key": "blue", "row": 1},
    ]
    pq.write_table(pa.Table.from_pylist(keys), tmp_path / "teacher.parquet")
    # The mean picture is (2, 3), the mean text (5, 11).
    vectors = {
        "picture": torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        "text": torch.tensor([[5.0, 6.0], [5.0, 16.0]]),
    }
    save_file(vectors, tmp_path / "teacher.safetensors")
    known, found = load_teacher(tmp_path).of(["red", "plain/blue"])
    assert known == [0, 1]
    assert found.tolist() == [[0, -5], [1, 1]]


def test_statements_and_lessons_are_read_from_the_data(tiny_data):
    assert read_texts(tiny_data / "statements.parquet")[0] == "Red is a colour."


def test_sides_are_kept(made):
    _, examples = made.examples(1, STAGE)
    assert {(e.query.side, e.document.side) for e in examples} == {(Side.QUERY, Side.DOCUMENT)}
