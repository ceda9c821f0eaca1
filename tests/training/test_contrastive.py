import math

import pytest
import torch

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training import States, StepInputs, TrainPair
from forethought.training.contrastive import CrossModeContrast, DirectContrast, ThoughtContrast
from forethought.training.pair_batch import pair_batch
from forethought.types import Document, Message, Side, Text
from tests import tiny

LABELS = ("red", "blue", "red", "green")  # pairs 0 and 2 have one answer
SAME = {(0, 2), (2, 0)}


def document(label):
    return Document(Message((Text(label),), "", Side.DOCUMENT), label)


def pair(label, negatives=()):
    return TrainPair(
        "colours",
        Message((Text("which?"),), "", Side.QUERY),
        None,
        document(label),
        tuple(map(document, negatives)),
        frozenset({label}),
    )


def spread(seed, rows, size=5):
    return torch.randn(rows, size, generator=torch.Generator().manual_seed(seed))


def inputs(direct, *, thinking=(), thought=None, documents_think=True, negatives=()):
    """A step of four pairs; `negatives` are hard ones of the first.

    `thought` are the states of the pairs that think: their queries, then their documents.
    """
    pairs = [pair(label, () if i else negatives) for i, label in enumerate(LABELS)]
    rows = (*thinking, *(row + 4 for row in thinking)) if documents_think else thinking
    states = States(
        direct,
        direct[:0] if thought is None else thought,
        tuple(rows),
        torch.zeros(0),
        (),
    )
    sides = [Side.QUERY] * 4 + [Side.DOCUMENT] * (len(direct) - 4)
    batch = pair_batch(pairs, states, sides, documents_think=documents_think)
    return StepInputs(3, lambda: batch)


@pytest.fixture(scope="module")
def value(tiny_encoder, tiny_data):
    """Computes an objective's term of a step."""
    run = tiny.run_context(tiny_encoder, GlyphExamples(tiny_data))

    def compute(objective, step):
        found = objective.bind(run)(step)
        return None if found is None else found.item()

    return compute


def reference(queries, documents, positives, temperature=0.5, ignore=()):
    """InfoNCE one query at a time."""
    losses = []
    for row, query in enumerate(queries):
        odds = [
            math.exp(float(torch.cosine_similarity(query, document, dim=0)) / temperature)
            for document in documents
        ]
        pool = [o for at, o in enumerate(odds) if at == positives[row] or (row, at) not in ignore]
        losses.append(math.log(sum(pool) / odds[positives[row]]))
    return sum(losses) / len(losses)


def test_direct_is_the_mean_of_both_directions(value):
    direct = spread(1, 8)
    there = reference(direct[:4], direct[4:], range(4), ignore=SAME)
    back = reference(direct[4:], direct[:4], range(4), ignore=SAME)
    found = value(DirectContrast(temperature=0.5), inputs(direct))
    assert found == pytest.approx((there + back) / 2, abs=1e-5)


def test_hard_negatives_are_in_every_querys_pool_unless_they_answer_it(value):
    # The first hard negative answers pair 1 ("blue"); queries 0 and 2 are "red".
    direct = spread(1, 10)
    there = reference(direct[:4], direct[4:], range(4), ignore={*SAME, (1, 4)})
    back = reference(direct[4:8], direct[:4], range(4), ignore=SAME)
    found = value(DirectContrast(temperature=0.5), inputs(direct, negatives=("blue", "violet")))
    assert found == pytest.approx((there + back) / 2, abs=1e-5)


def test_thought_compares_the_pairs_that_think(value):
    direct, thought = spread(2, 8), spread(3, 4)
    queries, documents = thought[:2], thought[2:]
    among = (reference(queries, documents, [0, 1]) + reference(documents, queries, [0, 1])) / 2
    step = inputs(direct, thinking=(0, 1), thought=thought)
    assert value(ThoughtContrast(temperature=0.5), step) == pytest.approx(among, abs=1e-5)


def test_thought_pairs_of_one_answer_are_no_negatives(value):
    thought = spread(3, 4)
    step = inputs(spread(2, 8), thinking=(0, 2), thought=thought)
    # Each of both pairs "red" has the other as its only negative, and that is ignored.
    assert value(ThoughtContrast(temperature=0.5), step) == pytest.approx(0, abs=1e-6)


def test_thought_takes_direct_documents_where_documents_never_think(value):
    direct, thought = spread(2, 8), spread(3, 2)
    step = inputs(direct, thinking=(1, 3), thought=thought, documents_think=False)
    # Queries choose among all four documents; of these, 1 and 3 choose between both queries.
    there = reference(thought, direct[4:], [1, 3])
    back = reference(direct[[5, 7]], thought, [0, 1])
    among = (there + back) / 2
    assert value(ThoughtContrast(temperature=0.5), step) == pytest.approx(among, abs=1e-5)


def test_cross_mode_goes_from_each_thought_side_to_the_other_sides_direct_states(value):
    direct, thought = spread(2, 10), spread(3, 4)
    queries, documents = thought[:2], thought[2:]
    # Pairs 0 and 1 think. Hard negatives, here of pair 0, are in the queries' pool alone.
    to_direct = reference(queries, direct[4:], [0, 1], ignore={(0, 2), (1, 4)})
    from_direct = reference(documents, direct[:4], [0, 1], ignore={(0, 2)})
    step = inputs(direct, thinking=(0, 1), thought=thought, negatives=("blue", "violet"))
    found = value(CrossModeContrast(temperature=0.5), step)
    assert found == pytest.approx((to_direct + from_direct) / 2, abs=1e-5)


def test_cross_mode_is_of_queries_alone_where_documents_never_think(value):
    direct, thought = spread(2, 8), spread(3, 2)
    step = inputs(direct, thinking=(1, 3), thought=thought, documents_think=False)
    expected = reference(thought, direct[4:], [1, 3])
    assert value(CrossModeContrast(temperature=0.5), step) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("objective", [ThoughtContrast, CrossModeContrast])
def test_without_a_pair_that_thinks_there_is_no_term(value, objective):
    assert value(objective(temperature=0.5), inputs(spread(1, 8))) is None


@pytest.mark.parametrize("objective", [DirectContrast, ThoughtContrast, CrossModeContrast])
def test_a_temperature_that_is_not_positive_is_refused(objective):
    with pytest.raises(ValueError, match=r"temperature must be positive, got -0.1"):
        objective(temperature=-0.1)
