import pytest

from forethought.nano.glyph_examples import GlyphExamples
from forethought.training import StepInputs
from tests import tiny


def test_a_shared_resource_is_made_once(tiny_encoder, tiny_data):
    run = tiny.run_context(tiny_encoder, GlyphExamples(tiny_data))
    made: list[int] = []

    def make():
        made.append(len(made))
        return len(made)

    assert [run.once("vectors", make), run.once("vectors", make), run.once("others", make)] == [
        1,
        1,
        2,
    ]
    assert made == [0, 1]


def test_pairs_are_read_once_and_only_where_they_are_needed():
    read = []

    def refuse():
        read.append(True)
        raise RuntimeError("read")

    inputs = StepInputs(4, refuse)
    assert inputs.number == 4
    assert not read
    with pytest.raises(RuntimeError, match="read"):
        _ = inputs.pairs
