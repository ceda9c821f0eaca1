import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from forethought.data import JsonLines
from forethought.errors import ConfigError, ContractError, DataError, ModelError
from forethought.selection import (
    MiningOptions,
    NegativeRule,
    SamplingStrategy,
    mine_hard_negatives,
)
from forethought.training.pair_batch import TrainPair, answered
from forethought.types import Think
from tests.fakes import ColourEncoder, RecordedProgress
from tests.selection.vectors import LookupEncoder, drawn

ANY = NegativeRule(relative_margin=None)


def mine(path, encoder=None, rule=ANY, *, documents=None, **options):
    """The report and the tables of the lines that were written."""
    out = path.with_name("mined.jsonl")
    report = mine_hard_negatives(
        path,
        out,
        encoder or LookupEncoder(),
        rule=rule,
        options=MiningOptions(**options),
        documents=documents,
    )
    lines = out.read_text("utf-8").splitlines()
    return report, [json.loads(line) for line in lines if line]


def negatives(table):
    return [one["content"][0].get("text") for one in table.get("negatives", [])]


AXES = {"q": [1, 0, 0], "a": [1, 0, 0], "b": [0.9, 0.1, 0], "c": [0.5, 0.5, 0], "d": [0, 0, 1]}


def axes():
    return LookupEncoder(dict(AXES), 3)


def test_the_nearest_documents_that_do_not_answer_worked_out_by_hand(write, example):
    # Cosines to q: a 1, b 0.9 / 0.9055 = 0.994, c 0.707, d 0. Of the others, e is a's.
    path = write(example("q", "a"), example("e", "b"), example("f", "c"), example("g", "d"))
    report, (first, *_) = mine(path, axes(), NegativeRule(num_negatives=2))
    # 0.994 is over 0.95, so b counts as a false negative.
    assert negatives(first) == ["c", "d"]
    assert report.documents == 4
    assert report.candidates == 4 * 3
    assert report.hardest[0].positive.score <= 1


def test_scores_and_gaps_are_means_over_negatives(write, example):
    path = write(example("q", "a"), example("q", "a"), example("d", "d"))
    encoder = axes()
    report, _ = mine(path, encoder, NegativeRule(num_negatives=1))
    # q-a 1 and 1, d-d 1; the negative of q is d, of d is a: both at a right angle.
    assert (report.positive_score, report.negative_score, report.gap) == (1, 0, 1)
    assert report.examples == {1: 3}
    assert report.negatives == 3
    assert [one.line for one in (*report.hardest, *report.drawn)] == [1, 3]


def test_equals_a_search_through_all_pairs(write, example):
    names = [f"document {index}" for index in range(40)]
    path = write(*[example(f"query {name}", name) for name in names])
    rule = NegativeRule(num_negatives=4, range_min=2, range_max=25, relative_margin=0.2)
    report, tables = mine(path, LookupEncoder(dimension=6), rule)
    total = 0
    for name, table in zip(names, tables, strict=True):
        query = drawn(f"query {name}", 6)
        scores = {other: float(query @ drawn(other, 6)) for other in names if other != name}
        near = sorted(scores, key=scores.get, reverse=True)[2:25]
        positive = float(query @ drawn(name, 6))
        bound = positive - 0.2 * abs(positive)
        passing = [other for other in near if scores[other] <= bound]
        total += 23 - len(passing)
        assert negatives(table) == passing[:4]
    assert report.removed == {"relative_margin": total}
    assert report.candidates == 40 * 23


def test_blocks_of_any_size_give_the_same(write, example, monkeypatch):
    path = write(*[example(f"query {i}", f"document {i}") for i in range(30)])
    _, whole = mine(path)
    monkeypatch.setattr("forethought.selection.rank_documents._BLOCK", 65)  # two queries
    assert mine(path)[1] == whole


def test_equals_sentence_transformers(write, example):
    pytest.importorskip("datasets")
    pytest.importorskip("sentence_transformers")
    from types import SimpleNamespace

    import torch
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives as theirs

    def encode(texts, **_):
        return np.stack([drawn(text, 5) for text in texts])

    model = SimpleNamespace(
        device="cpu",
        encode_query=encode,
        encode_document=encode,
        similarity=lambda a, b: torch.as_tensor(a) @ torch.as_tensor(b).T,
        similarity_pairwise=lambda a, b: (torch.as_tensor(a) * torch.as_tensor(b)).sum(-1),
    )
    pairs = [(f"query {i % 25}", f"document {i}") for i in range(40)]
    data = Dataset.from_dict({"query": [q for q, _ in pairs], "answer": [d for _, d in pairs]})
    margins = {"absolute_margin": 0.1, "relative_margin": 0.15, "max_score": 0.6, "min_score": -0.3}
    expected = theirs(
        data,
        model,
        range_max=38,
        num_negatives=3,
        output_format="triplet",
        verbose=False,
        **margins,
    )
    by_pair = {}
    for row in expected:
        by_pair.setdefault((row["query"], row["answer"]), []).append(row["negative"])
    path = write(*[example(*pair) for pair in pairs])
    rule = NegativeRule(num_negatives=3, range_max=38, **margins)
    _, tables = mine(path, LookupEncoder(dimension=5), rule)
    found = {pair: negatives(table) for pair, table in zip(pairs, tables, strict=True)}
    assert {pair: names for pair, names in found.items() if names} == by_pair


def test_what_shares_a_label_or_its_content_with_a_positive_is_no_negative(write, example):
    path = write(
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


def test_one_content_with_two_instructions_is_one_answer(write, example):
    other = example("e", "a")
    other["positives"][0]["instruction"] = "Text."
    _, tables = mine(write(example("q", "a"), other, example("f", "c")), axes())
    assert negatives(tables[0]) == ["c"]


def test_negatives_are_masked_in_a_batch_where_they_answer(write, example):
    path = write(
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


def test_a_document_is_written_with_its_instruction_and_a_label_from_any_line(write, example):
    first, second = example("q", "a"), example("e", "c")
    second["positives"][0] |= {
        "instruction": "Text.",
        "rationale": {"thinking": "t", "answer": "a"},
    }
    third = example("f", ("c", "three"))
    third["positives"][0]["instruction"] = "Text."
    report, tables = mine(write(first, second, third), axes())
    assert tables[0]["negatives"] == [
        {"content": [{"text": "c"}], "instruction": "Text.", "label": "three"}
    ]
    assert report.relabelled == 1


def test_everything_else_of_a_line_stays(write, example):
    rationale = {"thinking": "Café.", "answer": "é"}
    first = example("q", "a", negatives=["n"], task="t")
    first["query"]["rationale"] = rationale
    alone = example("e", "b", task="alone")
    path = write(first, alone, example("f", "c", task="t"))
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


def test_replace_leaves_out_the_negatives_of_before(write, example):
    path = write(
        example("q", "a", negatives=["d"]), example("q", "c", negatives=["a"], task="alone")
    )
    rule = NegativeRule(num_negatives=1, relative_margin=None)
    _, tables = mine(path, axes(), rule)
    assert negatives(tables[0]) == ["d"]  # there is no other
    _, tables = mine(path, axes(), rule, replace=True, across_tasks=True)
    assert [negatives(table) for table in tables] == [["c"], ["a"]]


def test_a_query_ranks_the_documents_of_its_task(write, example):
    path = write(
        example("q", "a", task="one"),
        example("e", "d", task="one"),
        example("f", "b", task="two"),
        example("g", "d", task="two"),
    )
    assert negatives(mine(path, axes())[1][0]) == ["d"]
    assert negatives(mine(path, axes(), across_tasks=True)[1][0]) == ["b", "d"]


def test_each_text_is_embedded_once(write, example):
    path = write(example("q", "a"), example("q", "a", "b"), example("e", "a", negatives=["c"]))
    encoder = axes()
    progress = RecordedProgress()
    mine_hard_negatives(
        path,
        path.with_name("mined.jsonl"),
        encoder,
        rule=ANY,
        options=MiningOptions(think=Think.NEVER),
        open_progress=progress,
    )
    assert sorted(encoder.encoded) == [
        *(("document", "never", name) for name in "abc"),
        *(("query", "never", name) for name in "eq"),
    ]
    assert progress.parts["embedding"][-1][:2] == (5, 5)
    assert progress.parts["searching"][-1][:2] == (2, 2)


def test_inputs_are_opened_a_bounded_number_at_a_time(write, example):
    path = write(*[example(f"query {i}", f"document {i}") for i in range(30)])
    encoder = LookupEncoder()
    _, whole = mine(path, encoder)
    assert encoder.sizes == [30, 30]
    small = LookupEncoder()
    assert mine(path, small, batch_size=2)[1] == whole
    assert max(small.sizes) == 16


def test_a_seed_decides_what_is_drawn(write, example):
    path = write(*[example(f"query {i}", f"document {i}") for i in range(12)])
    rule = NegativeRule(sampling_strategy=SamplingStrategy.RANDOM, relative_margin=None)
    first, again, other = (mine(path, rule=rule, seed=seed)[1] for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert all(len(negatives(table)) == 3 for table in first)


def test_a_second_encoder_removes_what_it_scores_as_the_positive(write, example):
    path = write(example("q", "a"), example("e", "b"), example("f", "c"), example("g", "d"))
    # Under it, b is nearer to q than a is, c as near, and d further.
    second = LookupEncoder(
        {"q": [1, 0], "a": [0.6, 0.8], "b": [1, 0], "c": [0.6, 0.8], "d": [0, 1]}, 2, "second"
    )
    report, tables = mine(path, axes(), checker=second)
    assert negatives(tables[0]) == ["d"]
    assert report.checked_by == "second"
    assert report.removed["checker"] >= 2
    assert {think for _, think, _ in second.encoded} == {"never"}


def test_the_second_encoder_embeds_only_what_is_left(write, example):
    path = write(example("q", "a"), example("e", "b"), example("f", "c", negatives=["far"]))
    second = LookupEncoder(name="second")
    mine(path, rule=NegativeRule(max_score=-1.0), checker=second)
    assert {words for side, _, words in second.encoded if side == "document"} == {"a", "b", "c"}


def test_documents_of_another_file_are_considered_instead(write, example):
    path = write(example("q", "a"), example("e", "b"))
    other = write(example("any", "c", ("a", "same"), negatives=["d"]), name="corpus.jsonl")
    report, tables = mine(path, axes(), documents=other)
    assert negatives(tables[0]) == ["c", "d"]
    assert sorted(negatives(tables[1])) == ["a", "c", "d"]
    assert report.documents == 3


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


def test_paths_of_another_folder_are_written_relative_to_the_examples(write, pictures):
    path = write(picture("red", "./red.png"), picture("blue", "blue.png"), name="train/x.jsonl")
    other = write(
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


def test_an_output_in_another_folder_than_its_pictures_is_refused(write, pictures):
    path = write(picture("red", "red.png"), picture("g", "green.png"), name="train/x.jsonl")
    with pytest.raises(ConfigError, match=r"out\.jsonl: paths of media are relative to the folder"):
        mine_hard_negatives(
            path, pictures / "out.jsonl", ColourEncoder(), rule=ANY, options=MiningOptions()
        )


@pytest.mark.parametrize("name", ["train.jsonl", "../{}/train.jsonl", "corpus.jsonl"])
def test_an_output_that_is_read_is_refused(write, example, name):
    path = write(example("q", "a"), example("e", "b"))
    other = write(example("q", "a"), example("e", "b"), name="corpus.jsonl")
    before = path.read_bytes()
    out = path.parent / name.format(path.parent.name)
    with pytest.raises(ConfigError, match="is read too, and would hold other negatives"):
        mine_hard_negatives(path, out, axes(), rule=ANY, options=MiningOptions(), documents=other)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "it holds no example; write at least two"),
        ([("q", "a"), ("e", "a")], "all examples have one document"),
    ],
)
def test_a_file_with_nothing_to_choose_is_refused(write, example, lines, message):
    with pytest.raises(DataError, match=message):
        mine(write(*[example(*line) for line in lines]), axes())


def test_faulty_files_are_named(write, example, tmp_path):
    good = write(example("q", "a"), example("e", "b"))
    with pytest.raises(DataError, match=r"gone\.jsonl: cannot be read"):
        mine(tmp_path / "gone.jsonl")
    with pytest.raises(DataError, match=r"gone\.jsonl: cannot be read"):
        mine(good, documents=tmp_path / "gone.jsonl")
    with pytest.raises(DataError, match=r"bad\.jsonl, line 2"):
        mine(write(example("q", "a"), {"query": 1}, name="bad.jsonl"))
    with pytest.raises(DataError, match=r"none\.jsonl: it holds no example, so no document"):
        mine(good, documents=write(name="none.jsonl"))
    assert not (tmp_path / "mined.jsonl").exists()


def test_an_input_that_cannot_be_embedded_is_named(write, example):
    path = write(example("q", "a"), example("e", "b", negatives=["bad"]))
    with pytest.raises(DataError, match=r"train\.jsonl, example 2, document 2: has a refused word"):
        mine(path, LookupEncoder(refused=("bad",)))


@pytest.mark.parametrize("vector", [[np.nan, 0, 0], [0, 0, 0], [np.inf, 1, 0]], ids=str)
def test_a_vector_without_direction_is_an_error(write, example, vector):
    path = write(example("q", "a"), example("e", "bad"))
    with pytest.raises(ModelError, match="example 2, document 1: the vector of lookup is zero or"):
        mine(path, LookupEncoder({**AXES, "bad": vector}, 3))
    assert not path.with_name("mined.jsonl").exists()


def test_thinking_that_is_not_aligned_with_direct_documents_is_refused(write, example):
    path = write(example("q", "a"), example("e", "b"))
    with pytest.raises(ContractError, match="queries"):
        mine(path, axes(), think=Think.ALWAYS)


def test_queries_may_think_and_documents_do_not(write, example):
    path = write(example("red", "red paint"), example("blue", "blue paint"))
    encoder = ColourEncoder()
    mine(path, encoder, think=Think.ALWAYS)
    assert {(side, think) for side, think, _ in encoder.calls} == {
        ("query", "always"),
        ("document", "never"),
    }


def test_a_file_that_changed_meanwhile_is_not_mixed_up(write, example):
    path = write(example("q", "a"), example("e", "b"))

    class Changing(LookupEncoder):
        def encode(self, inputs, **arguments):
            path.write_text(path.read_text() + "\n")
            return super().encode(inputs, **arguments)

    with pytest.raises(DataError, match="was changed while it was mined; mine it again"):
        mine(path, Changing())
    assert {one.name for one in Path(path.parent).iterdir()} == {"train.jsonl"}
