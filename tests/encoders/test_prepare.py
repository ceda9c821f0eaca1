import pytest

from forethought.encoders.prepare import Preparer
from forethought.errors import ContentError
from forethought.types import CachedRationale, Ending, Rationale, Side

INPUTS = ["red", " ", "green", "blue", "yellow"]


@pytest.fixture
def preparer(tiny_encoder):
    def made(**changed):
        settings = {"pending": None, "skip_errors": True, **changed}
        return Preparer(tiny_encoder.renderer, Side.QUERY, "Find it.", **settings)

    return made


def test_rows_have_the_index_of_their_input(preparer):
    batch = preparer().prepare(INPUTS, range(1, 4))
    assert [row.index for row in batch.rows] == [2, 3]
    assert [*batch.errors] == [1]
    assert "text is empty" in batch.errors[1]
    assert all(row.pending is None and row.state is None for row in batch.rows)


def test_an_input_that_cannot_be_read_is_raised_with_its_index(preparer):
    with pytest.raises(ContentError, match=r"^input 1: text is empty"):
        preparer(skip_errors=False).prepare(INPUTS, range(5))


def test_the_cache_entry_is_made_of_message_and_prompt(preparer):
    def pending(message, prompt):
        key = f"{message.content[0].words}, {len(prompt.token_ids)}"
        return CachedRationale(key, Rationale("", "", Ending.MALFORMED), ())

    (row,) = preparer(pending=pending).prepare(INPUTS, range(2, 3)).rows
    assert row.pending is not None
    assert row.pending.key == f"green, {len(row.prompt.token_ids)}"
