import numpy as np
import pytest
import torch

from forethought.encoders import EmbeddingsBuilder
from forethought.errors import ContentError
from forethought.types import Ending, Mode, Provenance, Rationale, Side

RATIONALE = Rationale("a", "b", Ending.EMBED)
MADE = Provenance("tiny", "0ff", Side.QUERY, (), ("dtype=float32",))


def test_states_in_any_order_give_embeddings_in_input_order():
    builder = EmbeddingsBuilder(4, 2, skip_errors=True)
    builder.add_instructions(["Find it."])
    builder.add_states([3, 0], torch.tensor([[3.0, 4.0], [0.0, 2.0]]))
    builder.add_gate(3, 0.25)
    builder.add_states([1], torch.tensor([[-5.0, 0.0]]))
    builder.add_rationale(1, RATIONALE, tokens=3)
    builder.skip(2, "text is empty")
    builder.add_instructions(["", "Find it."])
    found = builder.build(MADE)
    # (3, 4) has length 5.
    expected = np.array([[0, 1], [-1, 0], [np.nan, np.nan], [0.6, 0.8]])
    np.testing.assert_allclose(found.vectors, expected, atol=1e-7)
    assert found.vectors.dtype == np.float32
    assert found.rationales == (None, RATIONALE, None, None)
    assert found.mode == (Mode.DIRECT, Mode.THOUGHT, Mode.SKIPPED, Mode.DIRECT)
    assert found.tokens.tolist() == [0, 3, 0, 0]
    np.testing.assert_array_equal(found.gate, [np.nan, np.nan, np.nan, 0.25])
    assert found.errors == (None, None, "text is empty", None)
    assert found.provenance == Provenance(
        "tiny", "0ff", Side.QUERY, ("Find it.", ""), ("dtype=float32",)
    )


def test_no_inputs_give_no_rows():
    assert EmbeddingsBuilder(0, 3).build(MADE).vectors.shape == (0, 3)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 0.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_state_without_direction_names_its_input_and_can_be_skipped(value, dtype):
    states = torch.tensor([[3.0, 4.0, 0.0], [value, value, 0.0]], dtype=dtype)
    with pytest.raises(ContentError, match="input 5: the network's state is zero or not finite"):
        EmbeddingsBuilder(7, 3).add_states([2, 5], states)
    builder = EmbeddingsBuilder(7, 3, skip_errors=True)
    builder.add_states([2, 5], states)
    builder.add_rationale(5, RATIONALE, tokens=4)
    found = builder.build(MADE)
    assert found.mode[5] is Mode.SKIPPED
    assert found.rationales[5] is None
    assert str(found.errors[5]).startswith("the network's state is zero or not finite")
    assert found.has_vector.tolist() == [False, False, True, False, False, False, False]


def test_one_infinite_component_among_finite_ones_is_found():
    states = torch.tensor([[1.0, 2.0, torch.inf]])
    with pytest.raises(ContentError, match="input 0: the network's state"):
        EmbeddingsBuilder(1, 3).add_states([0], states)
