"""Tokens run behind a cache, against one pass of the stock network over the whole sequence."""

import copy

import pytest
import torch

from forethought.backbones import PrefillCache, QwenVL, collate
from forethought.backbones.decoder import check_extends, extend
from forethought.engines.cache import KVCache
from forethought.errors import ModelError
from tests.backbones.networks import network_of
from tests.published import NETWORKS

PROMPTS = [(11, 4, 23, 7, 7, 30), (9, 2), (5, 17, 8, 31)]
COMPLETIONS = [(6, 12, 25, 3), (14, 14, 1, 20), (19, 33, 10, 28)]
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}


@pytest.fixture(scope="module", params=list(NETWORKS))
def backbone(request):
    return QwenVL(network_of(request.param))


def stock_states(backbone, row):
    """Hidden states of a row's completion, by one pass of the stock network."""
    ids = torch.tensor([[*PROMPTS[row], *COMPLETIONS[row]]])
    output = backbone.network(
        input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
    )
    return output.hidden_states[-1][0, len(PROMPTS[row]) :]


def cache_of_prompts(backbone, rows, *, max_length=16):
    """The keys and values of prompts that were run in one batch."""
    prompts = [PROMPTS[row] for row in rows]
    batch = collate(
        prompts, [[]] * len(rows), side="right", placeholders=backbone.placeholders, pad_id=0
    )
    prefill = PrefillCache()
    backbone.hidden_states(batch, cache=prefill)
    cache = KVCache(len(rows) + 1, max_length)
    cache.insert(prefill, range(len(rows)), first=0, width=max(map(len, prompts)))
    cache.initialize(max_length)
    return cache


def extended(backbone, rows, counts, *, width=16):
    """Hidden states of the rows' completions, run in passes of `counts` tokens."""
    cache, done, states = cache_of_prompts(backbone, rows), 0, []
    for count in counts:
        lengths = torch.tensor([len(PROMPTS[row]) + done for row in rows])
        token_ids = torch.tensor([COMPLETIONS[row][done : done + count] for row in rows])
        view = cache.view(lengths, count=count, width=width)
        states.append(extend(backbone.network, token_ids, positions=lengths, cache=view))
        done += count
    return torch.cat(states, dim=1)


@pytest.mark.parametrize("counts", [[1, 1, 1, 1], [4], [1, 3], [2, 1, 1]])
@pytest.mark.parametrize("rows", [[0], [1, 0, 2]])
def test_tokens_behind_a_cache_have_the_states_of_one_whole_pass(backbone, counts, rows):
    states = extended(backbone, rows, counts)
    for index, row in enumerate(rows):
        torch.testing.assert_close(states[index], stock_states(backbone, row), atol=1e-5, rtol=1e-4)


def test_a_width_beyond_the_longest_row_changes_nothing(backbone):
    near, far = (extended(backbone, [0, 1], [2, 2], width=width) for width in (10, 16))
    torch.testing.assert_close(near, far, atol=1e-5, rtol=1e-5)


def test_positions_set_the_rotation(backbone):
    cache = cache_of_prompts(backbone, [0, 1])
    lengths = torch.tensor([len(PROMPTS[0]), len(PROMPTS[1])])
    token_ids = torch.tensor([[6], [14]])
    near, far = (
        extend(
            backbone.network,
            token_ids,
            positions=positions,
            cache=cache.view(lengths, count=1, width=9),
        )
        for positions in (lengths, lengths + torch.tensor([0, 5]))
    )
    torch.testing.assert_close(near[0], far[0])
    assert (near[1] - far[1]).abs().max() > 1e-3


def test_half_precision_stays_close(backbone):
    half = QwenVL(copy.deepcopy(backbone.network).bfloat16())
    states = extended(half, [0, 1, 2], [1, 3])
    assert states.dtype is torch.bfloat16
    exact = extended(backbone, [0, 1, 2], [1, 3])
    cosine = torch.nn.functional.cosine_similarity(states.float(), exact, dim=-1)
    assert cosine.min() > 0.99


@pytest.mark.parametrize(
    "rope", [YARN, {"rope_type": "linear", "factor": 3.0}], ids=["yarn", "linear"]
)
def test_scaled_rope_is_the_stock_one(rope):
    backbone = QwenVL(network_of("qwen2_5_vl", rope=rope.items()))
    check_extends(backbone.network)
    states = extended(backbone, [0, 1], [3, 1])
    for row in range(2):
        torch.testing.assert_close(states[row], stock_states(backbone, row), atol=1e-5, rtol=1e-4)


def test_the_published_architectures_are_supported(backbone):
    check_extends(backbone.network)


def test_sliding_window_attention_is_refused():
    network = network_of("qwen2_vl", use_sliding_window=True, sliding_window=8, max_window_layers=1)
    with pytest.raises(ModelError, match="sliding_attention: only full_attention is supported"):
        check_extends(network)


def test_rope_that_depends_on_the_length_is_refused():
    network = network_of("qwen2_vl", rope={"rope_type": "dynamic", "factor": 2.0}.items())
    with pytest.raises(ModelError, match="rope_type 'dynamic' depends on the sequence length"):
        check_extends(network)
