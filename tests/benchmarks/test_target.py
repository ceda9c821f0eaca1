import pytest

from benchmarks.target import target_of
from forethought.errors import ModelError
from tests import published


def test_a_family_that_never_thinks_is_refused(tmp_path):
    encoder = published.loaded(published.make("vlm2vec", tmp_path / "vlm2vec"), family="vlm2vec")
    with pytest.raises(ModelError, match=r"never thinks, .* or use `forethought bench`"):
        target_of(encoder)


def test_a_fixed_length_forbids_every_token_that_ends_a_rationale(forethought_target):
    target = forethought_target
    fixed = target.with_length(9)
    assert fixed.budget == 9
    assert fixed.completion_format.end_ids == ()
    assert {target.close_id, target.completion_format.embed_id} <= set(
        fixed.completion_format.forbidden
    )
    assert target.completion_format.end_ids  # the original is unchanged
