import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from forethought.nano import teacher_objectives
from forethought.nano.glyph_examples import GlyphExamples
from forethought.nano.teacher_objectives import (
    TeacherPairs,
    TeacherRanking,
    TeacherTexts,
    TeacherVectors,
    load_teacher,
    teacher_key,
)
from forethought.training import States, StepInputs, TrainPair
from forethought.training.pair_batch import pair_batch
from forethought.types import Document, Image, Message, Side, Text
from tests import tiny

NAMES = ["a", "c", "red", "green"]
TEXTS = [("a", "red"), ("b", "blue"), ("c", "red"), ("d", "green")]  # queries and documents
DIMENSION = 5


def message(text, side):
    return Message((Text(text),), "Find it.", side)


def pair(query, document):
    return TrainPair(
        "keywords",
        message(query, Side.QUERY),
        None,
        Document(message(document, Side.DOCUMENT), document),
        (),
        frozenset({document}),
    )


def value(loss, step):
    """A term that there must be."""
    found = loss(step)
    assert found is not None
    return found.item()


def inputs(direct):
    """A step whose pairs have these direct states, queries first."""
    none = direct[:0]
    states = States(direct, none, (), torch.zeros(0), ())
    sides = [Side.QUERY] * 4 + [Side.DOCUMENT] * 4
    batch = pair_batch([pair(*texts) for texts in TEXTS], states, sides, documents_think=True)
    return StepInputs(3, lambda: batch)


@pytest.fixture
def run(tiny_data, tiny_encoder):
    return tiny.run_context(tiny_encoder, GlyphExamples(tiny_data), seed=9)


@pytest.fixture
def teacher(monkeypatch):
    """Sets the vectors that objectives find; returns how often they were computed."""
    computed = []

    def use(vectors):
        monkeypatch.setattr(
            teacher_objectives, "teacher_vectors", lambda *found, **_: computed.append(found)
        )
        monkeypatch.setattr(teacher_objectives, "load_teacher", lambda _: vectors)
        return computed

    return use


def known():
    """Vectors of two queries, of "red" (twice among the documents) and of "green"."""
    rows = {name: row for row, name in enumerate(NAMES)}
    return TeacherVectors(rows, torch.eye(DIMENSION)[:4].half())


def test_vectors_are_found_for_the_keys_that_have_one():
    vectors = torch.arange(6.0).reshape(3, 2).half()
    teacher = TeacherVectors({"a": 2, "b": 0}, vectors)
    positions, found = teacher.of(["b", "", "never", "a"])
    assert positions == [0, 3]
    assert found.tolist() == [[0, 1], [4, 5]]
    assert found.dtype == torch.float32
    assert teacher.of(["never"])[0] == []


def test_pictures_and_texts_lose_their_mean(tmp_path):
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
    positions, found = load_teacher(tmp_path).of(["red", "plain/blue"])
    assert positions == [0, 1]
    assert found.tolist() == [[0, -5], [1, 1]]


def test_a_key_is_one_text_or_one_picture(tiny_data):
    source = GlyphExamples(tiny_data)
    by_task = {example.task: example for example in source}
    (text,), (picture,) = by_task["keywords"].query.content, by_task["name"].query.content
    assert isinstance(text, Text)
    assert isinstance(picture, Image)
    assert teacher_key(by_task["keywords"].query) == text.words
    assert teacher_key(by_task["name"].query) == picture.source
    both = Message((text, picture), "", Side.QUERY)
    assert teacher_key(both) == ""


def test_pairs_are_compared_with_the_vectors_that_there_are(tiny_data, run, teacher):
    teacher(known())
    places = {name: torch.eye(DIMENSION)[row] for row, name in enumerate(NAMES)}
    direct = torch.randn(8, DIMENSION, generator=torch.Generator().manual_seed(4))
    for row, name in [(0, "a"), (2, "c"), (4, "red"), (6, "red"), (7, "green")]:
        direct[row] = places[name] * (row + 1)
    pairs = TeacherPairs(tiny_data, tiny_data / "tea").bind(run)
    ranking = TeacherRanking(tiny_data, tiny_data / "tea", temperature=0.4).bind(run)
    assert value(pairs, inputs(direct)) == pytest.approx(0, abs=1e-5)
    assert value(ranking, inputs(direct)) == pytest.approx(0, abs=1e-5)
    # A right angle away: query "c", one of two with a vector; none of the documents.
    direct[2] = places["red"]
    assert value(pairs, inputs(direct)) == pytest.approx((1 / 2 + 0) / 2, abs=1e-5)
    assert value(ranking, inputs(direct)) > 0.01


def test_a_batch_without_any_vector_has_no_term(tiny_data, run, teacher):
    teacher(TeacherVectors({"else": 0}, torch.eye(DIMENSION)[:1]))
    direct = torch.ones(8, DIMENSION)
    assert TeacherPairs(tiny_data, tiny_data).bind(run)(inputs(direct)) is None
    ranking = TeacherRanking(tiny_data, tiny_data, temperature=0.4).bind(run)
    assert ranking(inputs(direct)) is None


def test_objectives_of_one_run_share_the_vectors(tiny_data, run, teacher):
    computed = teacher(known())
    for objective in (
        TeacherPairs(tiny_data, tiny_data / "tea"),
        TeacherRanking(tiny_data, tiny_data / "tea", temperature=0.4),
        TeacherTexts(tiny_data, tiny_data / "tea", count=2),
    ):
        objective.bind(run)
    assert computed == [(tiny_data, tiny_data / "tea")]


def test_lone_texts_are_queries_and_draw_the_same_every_time(tiny_data, run, teacher):
    teacher(known())
    loss = TeacherTexts(tiny_data, tiny_data / "tea", count=6).bind(run)
    texts, prompts = loss.prompts(2)
    assert loss.prompts(2)[0] == texts != loss.prompts(3)[0]
    assert len(prompts) == 6
    for text, prompt in zip(texts, prompts, strict=True):
        decoded = run.encoder.renderer.layout.tokenizer.decode(list(prompt.token_ids))
        assert text.endswith(" paint")
        assert f"\n{text}" in decoded


def test_lone_texts_move_towards_the_teacher(tiny_data, run, teacher):
    size = run.encoder.dimension
    vector = torch.nn.functional.one_hot(torch.tensor([2]), size).float()
    teacher(TeacherVectors({"red paint": 0}, vector))
    loss = TeacherTexts(tiny_data, tiny_data / "tea", count=40).bind(run)
    texts, prompts = loss.prompts(5)
    prompt = prompts[texts.index("red paint")]
    assert 0 < value(loss, tiny.no_pairs(5)) < 2
    # All drawn texts with a vector are the same one, under two instructions.
    one = run.encoder.local.prefill([prompt]).direct[0]
    cosine = torch.cosine_similarity(one, vector[0], dim=0)
    assert abs(1 - cosine.item() - value(loss, tiny.no_pairs(5))) < 0.5


def test_lone_texts_without_any_vector_have_no_term(tiny_data, run, teacher):
    teacher(TeacherVectors({"else": 0}, torch.eye(DIMENSION)[:1]))
    loss = TeacherTexts(tiny_data, tiny_data / "tea", count=6).bind(run)
    assert loss(tiny.no_pairs(5)) is None


def test_a_temperature_that_is_not_positive_is_refused(tiny_data):
    with pytest.raises(ValueError, match=r"temperature must be positive, got -0.4"):
        TeacherRanking(tiny_data, tiny_data, temperature=-0.4)
