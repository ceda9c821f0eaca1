import numpy as np
import torch

from forethought.encoders.embeddings_builder import EmbeddingsBuilder
from forethought.encoders.encode_row import EncodeRow
from forethought.types import Ending, Mode, Prompt, Rationale

PROMPT = Prompt((5, 6), (), 1, 2)
RATIONALE = Rationale("a", "b", Ending.EMBED)


def row(index, state, **fields):
    return EncodeRow(index, PROMPT, state=torch.tensor(state), **fields)


def test_rows_in_any_order_give_embeddings_in_input_order():
    builder = EmbeddingsBuilder(4, 2)
    builder.add([row(3, [3.0, 4.0], gate=0.25), row(0, [0.0, 2.0])])
    builder.add([row(1, [-5.0, 0.0], rationale=RATIONALE, token_ids=(7, 8, 9))])
    builder.skip({2: "text is empty"})
    found = builder.build()
    # (3, 4) has length 5.
    expected = np.array([[0, 1], [-1, 0], [np.nan, np.nan], [0.6, 0.8]])
    np.testing.assert_allclose(found.vectors, expected, atol=1e-7)
    assert found.vectors.dtype == np.float32
    assert found.rationales == (None, RATIONALE, None, None)
    assert found.mode == (Mode.DIRECT, Mode.THOUGHT, Mode.SKIPPED, Mode.DIRECT)
    assert found.tokens.tolist() == [0, 3, 0, 0]
    np.testing.assert_array_equal(found.gate, [np.nan, np.nan, np.nan, 0.25])
    assert found.errors == (None, None, "text is empty", None)


def test_no_inputs_give_no_rows():
    builder = EmbeddingsBuilder(0, 3)
    builder.add([])
    assert builder.build().vectors.shape == (0, 3)
