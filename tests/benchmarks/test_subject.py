import pytest

from benchmarks.subject import subject_of
from forethought.errors import ModelError
from tests.fakes import ColourEncoder


def test_an_encoder_that_cannot_think_is_refused():
    with pytest.raises(ModelError, match="colour does not think; measure nano"):
        subject_of(ColourEncoder())


def test_forcing_a_length_shuts_every_way_out(own_format):
    forced = own_format.forced(9)
    assert forced.budget == 9
    assert forced.completion_format.end_ids == ()
    assert {own_format.close_id, own_format.completion_format.embed_id} <= set(
        forced.completion_format.forbidden
    )
    assert own_format.completion_format.end_ids  # the subject itself is left as it was
