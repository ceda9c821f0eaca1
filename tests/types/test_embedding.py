import re
from dataclasses import replace

import numpy as np
import pytest

from forethought.errors import ConfigError, ContractError, DataError
from forethought.types import (
    Embeddings,
    Ending,
    Mode,
    Neighbor,
    Provenance,
    Rationale,
    Side,
    concatenate,
)

# What a type checker would refuse, and the shape checks of tests do, goes to these by itself.
from forethought.types.embedding import _comparable as comparable
from forethought.types.embedding import _row_numbers as row_numbers

ALIGNED = ((Mode.DIRECT, Mode.DIRECT), (Mode.THOUGHT, Mode.DIRECT))
MADE = Provenance(
    "tiny", "5ca1ab1e", Side.QUERY, ("Find it.",), ("dtype=float32",), ("budget=9",), ALIGNED
)
WHEELS = Rationale("two wheels", "bicycle", Ending.EMBED)


def rows(*firsts, rationale=None, provenance=None):
    count = len(firsts)
    return Embeddings(
        vectors=np.array([[first, 0.5, 0.25] for first in firsts], dtype=np.float32),
        rationales=(rationale,) * count,
        mode=(Mode.THOUGHT if rationale else Mode.DIRECT,) * count,
        tokens=np.full(count, 9 if rationale else 0),
        gate=np.full(count, 0.75 if rationale else np.nan),
        provenance=provenance,
    )


def five():
    """Rows 0 and 1 direct, 2 and 3 thought, 4 skipped."""
    skipped = replace(
        rows(np.nan), mode=(Mode.SKIPPED,), errors=("a.png: is damaged",), provenance=MADE
    )
    direct = rows(0, 1, provenance=MADE)
    return concatenate([direct, rows(2, 3, rationale=WHEELS, provenance=MADE), skipped])


def columns(embeddings):
    arrays = [embeddings.vectors.tolist(), embeddings.tokens.tolist(), embeddings.gate.tolist()]
    others = [embeddings.rationales, embeddings.mode, embeddings.errors, embeddings.provenance]
    return repr([*arrays, *others, embeddings.vectors.dtype])


def test_parts_are_stacked_in_order():
    whole = concatenate([rows(1, 2), rows(3, rationale=WHEELS)])
    assert len(whole) == 3
    assert whole.dimension == 3
    assert whole.vectors[:, 0].tolist() == [1, 2, 3]
    assert whole.rationales == (None, None, WHEELS)
    assert whole.mode == (Mode.DIRECT, Mode.DIRECT, Mode.THOUGHT)
    assert whole.tokens.tolist() == [0, 0, 9]
    assert np.isnan(whole.gate).tolist() == [True, True, False]


def test_parts_of_other_making_or_size_are_refused():
    assert concatenate([rows(1, provenance=MADE), rows(2, provenance=MADE)]).provenance == MADE
    other = replace(MADE, settings=("dtype=bfloat16",))
    with pytest.raises(
        ContractError,
        match=r"part 1 is of tiny@5ca1ab1e, .* \(dtype=bfloat16 against dtype=float32\)",
    ):
        concatenate([rows(1, provenance=MADE), rows(2, provenance=other)])
    narrow = replace(rows(1), vectors=np.ones((1, 2), dtype=np.float32))
    with pytest.raises(ContractError, match=r"\[2, 3\] dimensions"):
        concatenate([rows(1), narrow])
    with pytest.raises(ValueError, match="give at least one"):
        concatenate([])


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"2 vectors have columns of \[2, 3, 2, 2, 2\] rows"):
        replace(rows(1, 2), mode=(Mode.DIRECT,) * 3)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (3, [3]),
        (-4, [1]),
        (np.int64(2), [2]),
        (slice(1, 4, 2), [1, 3]),
        ([3, 0, 0], [3, 0, 0]),
        ([], []),
        (np.array([-2, 1]), [3, 1]),
        ([True, False, False, True, False], [0, 3]),
        (np.array([False] * 5), []),
    ],
)
def test_rows_are_chosen_with_all_their_columns(index, expected):
    whole = five()
    chosen = whole[index]
    assert columns(chosen) == columns(concatenate([whole[row] for row in expected] + [whole[:0]]))
    assert chosen.vectors[:, 0].tolist() == expected
    assert not np.shares_memory(chosen.vectors, whole.vectors)


def test_a_loop_over_embeddings_yields_each_row_once():
    assert [row.mode for row in five()] == [(mode,) for mode in five().mode]


@pytest.mark.parametrize("index", [(0, 1), "a", 1.5, [0.5], [[0, 1]], None, True])
def test_what_is_no_row_is_refused(index):
    with pytest.raises(TypeError, match="embeddings take a row number, a slice, a list"):
        row_numbers(index, 5)


def test_a_row_that_is_not_there_is_refused():
    with pytest.raises(IndexError, match="there is no row 5 of 5 embeddings"):
        five()[[0, 5]]
    with pytest.raises(IndexError, match="a mask of 2 does not fit 5 embeddings"):
        five()[[True, False]]


def test_as_an_array_embeddings_are_their_vectors():
    whole = rows(1, 2)
    assert np.asarray(whole) is not None
    assert np.array_equal(np.asarray(whole), whole.vectors)
    assert np.shares_memory(np.asarray(whole), whole.vectors)
    assert not np.shares_memory(np.array(whole), whole.vectors)
    assert np.asarray(whole, dtype=np.float64).dtype == np.float64


def test_its_text_is_one_short_line():
    assert repr(five()) == (
        f"<Embeddings 5 x 3, tiny@5ca1ab1e, query side, settings {MADE.settings_digest}: "
        "2 direct, 2 thought, 1 skipped, 1 with errors>"
    )
    assert repr(rows(1)[:0]) == "<Embeddings 0 x 3: empty>"


def test_similarity_is_the_cosine():
    # (3, .5, .25) and (1, .5, .25): 3 + .25 + .0625 = 3.3125 over sqrt(9.3125 * 1.3125).
    scores = rows(3, 0).similarity(rows(1, 3, 0))
    assert scores.shape == (2, 3)
    assert scores.dtype == np.float32
    assert scores[0, 0] == pytest.approx(3.3125 / np.sqrt(9.3125 * 1.3125), abs=1e-6)
    assert scores[0, 1] == pytest.approx(1, abs=1e-6)
    assert np.array_equal(scores, rows(1, 3, 0).similarity(rows(3, 0)).T)


def test_the_nearest_documents_come_best_first():
    documents = rows(0, 3, 1, provenance=replace(MADE, side=Side.DOCUMENT, instructions=("",)))
    queries = rows(3, 0, provenance=MADE)
    first, second = queries.top(documents, 2)
    assert [hit.index for hit in first] == [1, 2]
    assert [hit.index for hit in second] == [0, 2]
    scores = queries.similarity(documents)
    assert first == [Neighbor(1, float(scores[0, 1])), Neighbor(2, float(scores[0, 2]))]
    assert [len(hits) for hits in queries.top(documents, 9)] == [3, 3]
    with pytest.raises(ConfigError, match="k must be a whole number of at least 1, got 0"):
        queries.top(documents, 0)


def test_vectors_of_other_making_are_not_compared():
    others = [replace(MADE, encoder="large"), replace(MADE, revision="0ff"), MADE]
    others[2] = replace(MADE, settings=("dtype=bfloat16",))
    for other in others:
        both = re.escape(f"queries are of {MADE}, documents of {other}")
        with pytest.raises(ContractError, match=both):
            rows(1, provenance=MADE).similarity(rows(2, provenance=other))
        with pytest.raises(ContractError, match=both):
            rows(1, provenance=MADE).top(rows(2, provenance=other), 1)
    assert rows(1, provenance=MADE).similarity(rows(2)).shape == (1, 1)


def test_what_has_no_vector_is_named():
    with pytest.raises(ContractError, match=r"1 of 5 documents .*row 4: a\.png: is damaged"):
        rows(1).similarity(five())
    with pytest.raises(ContractError, match=r"1 of 5 queries have no vector \(rows 4"):
        five().top(rows(1), 1)
    whole = five()
    assert whole[whole.has_vector].similarity(rows(1)).shape == (4, 1)
    with pytest.raises(ContractError, match="queries have 3 dimensions, documents 2"):
        rows(1).similarity(replace(rows(1), vectors=np.ones((1, 2), dtype=np.float32)))


def test_a_bare_matrix_has_no_making_to_check():
    with pytest.raises(ContractError, match="got ndarray: for a bare matrix"):
        comparable(rows(1), np.ones((1, 3), dtype=np.float32))


@pytest.mark.parametrize("whole", [five(), rows(1, 2)], ids=["all columns", "no provenance"])
def test_a_file_holds_everything(whole, tmp_path):
    whole.save(tmp_path / "a.npz")
    assert columns(Embeddings.load(str(tmp_path / "a.npz"))) == columns(whole)
    assert np.array_equal(np.load(tmp_path / "a.npz")["vectors"], whole.vectors, equal_nan=True)


def test_a_file_with_an_unknown_mode_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    whole = five()
    object.__setattr__(whole, "mode", ("guessed",) * 5)
    whole.save(path)
    with pytest.raises(DataError, match=r"a\.npz: is damaged \('guessed' is not a valid Mode\)"):
        Embeddings.load(path)
