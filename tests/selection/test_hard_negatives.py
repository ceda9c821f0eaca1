from dataclasses import asdict

import numpy as np
import pytest

from forethought.errors import ContractError
from forethought.selection import (
    NegativeRule,
    SamplingStrategy,
)
from forethought.types import Think
from tests.fakes import ColourEncoder
from tests.selection.mined import axes, example, mine, negatives, write
from tests.selection.vectors import LookupEncoder, drawn


def test_the_nearest_documents_that_do_not_answer_worked_out_by_hand(tmp_path):
    # Cosines to q: a 1, b 0.9 / 0.9055 = 0.994, c 0.707, d 0. Of the others, e is a's.
    path = write(
        tmp_path, example("q", "a"), example("e", "b"), example("f", "c"), example("g", "d")
    )
    report, (first, *_) = mine(path, axes(), NegativeRule(num_negatives=2))
    # 0.994 is over 0.95, so b counts as a false negative.
    assert negatives(first) == ["c", "d"]
    assert report.documents == 4
    assert report.candidates == 4 * 3
    assert report.hardest[0].positive.score <= 1


def test_scores_and_gaps_are_means_over_negatives(tmp_path):
    path = write(tmp_path, example("q", "a"), example("q", "a"), example("d", "d"))
    encoder = axes()
    report, _ = mine(path, encoder, NegativeRule(num_negatives=1))
    # q-a 1 and 1, d-d 1; the negative of q is d, of d is a: both at a right angle.
    assert (report.positive_score, report.negative_score, report.gap) == (1, 0, 1)
    assert report.examples == {1: 3}
    assert report.negatives == 3
    assert [one.line for one in (*report.hardest, *report.drawn)] == [1, 3]


def test_equals_a_search_through_all_pairs(tmp_path):
    names = [f"document {index}" for index in range(40)]
    path = write(tmp_path, *[example(f"query {name}", name) for name in names])
    rule = NegativeRule(num_negatives=4, range_min=2, range_max=25, relative_margin=0.2)
    report, tables = mine(path, LookupEncoder(dimension=6), rule)
    total = 0
    for name, table in zip(names, tables, strict=True):
        query = drawn(f"query {name}", 6)
        scores = {other: float(query @ drawn(other, 6)) for other in names if other != name}
        near = sorted(scores, key=lambda other: -scores[other])[2:25]
        positive = float(query @ drawn(name, 6))
        bound = positive - 0.2 * abs(positive)
        passing = [other for other in near if scores[other] <= bound]
        total += 23 - len(passing)
        assert negatives(table) == passing[:4]
    assert report.removed == {"relative_margin": total}
    assert report.candidates == 40 * 23


def test_blocks_of_any_size_give_the_same(tmp_path, monkeypatch):
    path = write(tmp_path, *[example(f"query {i}", f"document {i}") for i in range(30)])
    _, whole = mine(path)
    monkeypatch.setattr("forethought.selection.rank_documents._BLOCK", 65)  # two queries
    assert mine(path)[1] == whole


def test_equals_sentence_transformers(tmp_path):
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
    rule = NegativeRule(
        num_negatives=3,
        range_max=38,
        absolute_margin=0.1,
        relative_margin=0.15,
        max_score=0.6,
        min_score=-0.3,
    )
    expected = theirs(
        data,
        model,
        **asdict(rule),
        output_format="triplet",
        verbose=False,
    )
    by_pair: dict[tuple[str, str], list[str]] = {}
    for row in expected:
        by_pair.setdefault((row["query"], row["answer"]), []).append(row["negative"])
    path = write(tmp_path, *[example(*pair) for pair in pairs])
    _, tables = mine(path, LookupEncoder(dimension=5), rule)
    found = {pair: negatives(table) for pair, table in zip(pairs, tables, strict=True)}
    assert {pair: names for pair, names in found.items() if names} == by_pair


def test_a_seed_decides_what_is_drawn(tmp_path):
    path = write(tmp_path, *[example(f"query {i}", f"document {i}") for i in range(12)])
    rule = NegativeRule(sampling_strategy=SamplingStrategy.RANDOM, relative_margin=None)
    first, again, other = (mine(path, rule=rule, seed=seed)[1] for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert all(len(negatives(table)) == 3 for table in first)


def test_a_second_encoder_removes_what_it_scores_as_the_positive(tmp_path):
    path = write(
        tmp_path, example("q", "a"), example("e", "b"), example("f", "c"), example("g", "d")
    )
    # Under it, b is nearer to q than a is, c as near, and d further.
    second = LookupEncoder(
        {"q": [1, 0], "a": [0.6, 0.8], "b": [1, 0], "c": [0.6, 0.8], "d": [0, 1]}, 2, "second"
    )
    report, tables = mine(path, axes(), checker=second)
    assert negatives(tables[0]) == ["d"]
    assert report.checked_by == "second"
    assert report.removed["checker"] >= 2
    assert {think for _, think, _ in second.encoded} == {"never"}


def test_the_second_encoder_embeds_only_what_is_left(tmp_path):
    path = write(
        tmp_path, example("q", "a"), example("e", "b"), example("f", "c", negatives=["far"])
    )
    second = LookupEncoder(name="second")
    mine(path, rule=NegativeRule(max_score=-1.0), checker=second)
    assert {words for side, _, words in second.encoded if side == "document"} == {"a", "b", "c"}


def test_thinking_that_is_not_aligned_with_direct_documents_is_refused(tmp_path):
    path = write(tmp_path, example("q", "a"), example("e", "b"))
    with pytest.raises(ContractError, match="queries"):
        mine(path, axes(), think=Think.ALWAYS)


def test_queries_may_think_and_documents_do_not(tmp_path):
    path = write(tmp_path, example("red", "red paint"), example("blue", "blue paint"))
    encoder = ColourEncoder()
    mine(path, encoder, think=Think.ALWAYS)
    assert {(side, think) for side, think, _ in encoder.calls} == {
        ("query", "always"),
        ("document", "never"),
    }
