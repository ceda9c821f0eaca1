from typing import Any

import pytest

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training.contrastive import (
    CrossModeContrast,
    DirectContrast,
    Directions,
    ThoughtContrast,
)
from tests import tiny
from tests.training.four_pairs import SAME, inputs, reference, spread


@pytest.fixture(scope="module")
def value(tiny_encoder, tiny_data):
    """Computes an objective's term of a step."""
    run = tiny.run_context(tiny_encoder, GlyphExamples(tiny_data))

    def compute(objective, step):
        found = objective.bind(run)(step)
        return None if found is None else found.item()

    return compute


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


def test_to_documents_alone_is_one_direction(value):
    direct, thought = spread(1, 10), spread(3, 4)
    step = inputs(direct, thinking=(0, 1), thought=thought, negatives=("blue", "violet"))
    settings: dict[str, Any] = {"temperature": 0.4, "directions": Directions.TO_DOCUMENTS}
    ignored = {*SAME, (1, 4)}
    there = reference(direct[:4], direct[4:], range(4), 0.4, ignored)
    assert value(DirectContrast(**settings), step) == pytest.approx(there, abs=1e-5)
    among = reference(thought[:2], thought[2:], [0, 1], 0.4)
    assert value(ThoughtContrast(**settings), step) == pytest.approx(among, abs=1e-5)
    across = reference(thought[:2], direct[4:], [0, 1], 0.4, {(0, 2), (1, 4)})
    assert value(CrossModeContrast(**settings), step) == pytest.approx(across, abs=1e-5)


@pytest.mark.parametrize("weights", [(), (3.0, 0.5)])
def test_dims_are_a_weighted_mean_over_the_first_entries(value, weights):
    direct, thought = spread(4, 8), spread(5, 4)
    first, second = weights or (1.0, 1.0)

    def expected(queries, documents, positives, ignored):
        short, long = (
            reference(queries[:, :dim], documents[:, :dim], positives, 0.6, ignored)
            for dim in (2, 5)
        )
        return (first * short + second * long) / (first + second)

    step = inputs(direct, thinking=(0, 1), thought=thought)
    settings: dict[str, Any] = {"temperature": 0.6, "dims": (2, 5), "dim_weights": weights}
    there = expected(direct[:4], direct[4:], range(4), SAME)
    back = expected(direct[4:], direct[:4], range(4), SAME)
    found = value(DirectContrast(**settings), step)
    assert found == pytest.approx((there + back) / 2, abs=1e-5)
    to_direct = expected(thought[:2], direct[4:], [0, 1], {(0, 2)})
    from_direct = expected(thought[2:], direct[:4], [0, 1], {(0, 2)})
    found = value(CrossModeContrast(**settings), step)
    assert found == pytest.approx((to_direct + from_direct) / 2, abs=1e-5)


def test_weights_that_are_not_one_a_dimension_are_refused():
    with pytest.raises(ValueError, match=r"one for each of the 2 dims, got \[0.5\]"):
        DirectContrast(temperature=0.4, dims=(2, 5), dim_weights=(0.5,))


def test_a_thought_query_chooses_among_all_documents_that_do_not_answer_it(value):
    # Pairs 0, 2 and 3 think; 0 and 2 have one answer, and the negative "green" is that of pair 3.
    direct, thought = spread(6, 11), spread(7, 3)
    step = inputs(
        direct,
        thinking=(0, 2, 3),
        thought=thought,
        documents_think=False,
        negatives=("blue", "green", "violet"),
    )
    there = reference(thought, direct[4:], [0, 2, 3], 0.6, {(0, 2), (1, 0), (2, 5)})
    back = reference(direct[[4, 6, 7]], thought, [0, 1, 2], 0.6, {(0, 1), (1, 0)})
    found = value(ThoughtContrast(temperature=0.6), step)
    assert found == pytest.approx((there + back) / 2, abs=1e-5)
