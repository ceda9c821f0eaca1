import numpy as np
import pytest

from forethought.errors import DataError, ModelError
from forethought.selection import (
    MiningOptions,
    mine_hard_negatives,
)
from forethought.types import Think
from tests.fakes import RecordedProgress
from tests.selection.mined import ANY, AXES, axes, example, mine, write
from tests.selection.vectors import LookupEncoder


def test_each_text_is_embedded_once(tmp_path):
    path = write(
        tmp_path, example("q", "a"), example("q", "a", "b"), example("e", "a", negatives=["c"])
    )
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


def test_inputs_are_opened_a_bounded_number_at_a_time(tmp_path):
    path = write(tmp_path, *[example(f"query {i}", f"document {i}") for i in range(30)])
    encoder = LookupEncoder()
    _, whole = mine(path, encoder)
    assert encoder.sizes == [30, 30]
    small = LookupEncoder()
    assert mine(path, small, batch_size=2)[1] == whole
    assert max(small.sizes) == 16


def test_an_input_that_cannot_be_embedded_is_named(tmp_path):
    path = write(tmp_path, example("q", "a"), example("e", "b", negatives=["bad"]))
    with pytest.raises(DataError, match=r"train\.jsonl, example 2, document 2: has a refused word"):
        mine(path, LookupEncoder(refused=("bad",)))


@pytest.mark.parametrize("vector", [[np.nan, 0, 0], [0, 0, 0], [np.inf, 1, 0]], ids=str)
def test_a_vector_without_direction_is_an_error(tmp_path, vector):
    path = write(tmp_path, example("q", "a"), example("e", "bad"))
    with pytest.raises(ModelError, match="example 2, document 1: the vector of lookup is zero or"):
        mine(path, LookupEncoder({**AXES, "bad": vector}, 3))
    assert not path.with_name("mined.jsonl").exists()
