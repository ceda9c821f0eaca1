"""A few tokens behind what was read, against one pass of the stock network over all of it."""

import copy

import pytest
import torch
from transformers import DynamicCache

from forethought.backbones import QwenVL, collate
from forethought.backbones.decoder import check_extends, extend
from forethought.engines.cache import KVCache
from forethought.errors import ModelError
from tests.published import NETWORKS, ROPE, TEXT, VISION

PROMPTS = [(11, 4, 23, 7, 7, 30), (9, 2), (5, 17, 8, 31)]
WRITTEN = [(6, 12, 25, 3), (14, 14, 1, 20), (19, 33, 10, 28)]
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}


def network_of(architecture, *, rope=(), **text):
    """A random network; biases and norms differ, so that a step that skips one shows."""
    config_class, network_class = NETWORKS[architecture]
    # Two query heads to a key head, and two of these, sixteen wide.
    heads = {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}
    settings = {**TEXT, **heads, "vocab_size": 40, "max_position_embeddings": 128, **text}
    settings["rope_parameters"] = {**ROPE, "mrope_section": [2, 3, 3], **dict(rope)}
    if architecture == "qwen3_vl":
        settings["head_dim"] = 16
        settings["rope_parameters"]["mrope_interleaved"] = True
    config = config_class(
        text_config=settings,
        vision_config=VISION[architecture],
        image_token_id=38,
        video_token_id=39,
        vision_start_token_id=36,
        vision_end_token_id=37,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(7)
        network = network_class(config).eval().requires_grad_(requires_grad=False)
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return network


@pytest.fixture(scope="module", params=list(NETWORKS))
def backbone(request):
    return QwenVL(network_of(request.param))


def atomic(backbone, row):
    """The states of what was written, by one pass of the stock network over one row."""
    ids = torch.tensor([[*PROMPTS[row], *WRITTEN[row]]])
    found = backbone.network(
        input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
    )
    return found.hidden_states[-1][0, len(PROMPTS[row]) :]


def slots_behind(backbone, rows, *, room=16):
    """Prompts read together, in slots."""
    prompts = [PROMPTS[row] for row in rows]
    batch = collate(
        prompts, [[]] * len(rows), side="right", placeholders=backbone.placeholders, pad_id=0
    )
    cache = DynamicCache(config=backbone.network.config.text_config)
    backbone.read(batch, cache=cache)
    slots = KVCache(len(rows) + 1, room)
    slots.enter(cache, range(len(rows)), first=0, width=max(map(len, prompts)))
    slots.reach(room)
    return slots


def written(backbone, rows, counts, *, width=16):
    """The states of what rows write in passes of so many tokens each."""
    slots, done, found = slots_behind(backbone, rows), 0, []
    for count in counts:
        lengths = torch.tensor([len(PROMPTS[row]) + done for row in rows])
        fed = torch.tensor([WRITTEN[row][done : done + count] for row in rows])
        window = slots.window(lengths, count=count, width=width)
        found.append(extend(backbone.network, fed, positions=lengths, cache=window))
        done += count
    return torch.cat(found, dim=1)


@pytest.mark.parametrize("counts", [[1, 1, 1, 1], [4], [1, 3], [2, 1, 1]])
@pytest.mark.parametrize("rows", [[0], [1, 0, 2]])
def test_tokens_read_behind_a_cache_have_the_states_of_a_whole_pass(backbone, counts, rows):
    found = written(backbone, rows, counts)
    for place, row in enumerate(rows):
        torch.testing.assert_close(found[place], atomic(backbone, row), atol=1e-5, rtol=1e-4)


def test_how_far_a_pass_reads_beyond_the_longest_row_changes_nothing(backbone):
    near, far = (written(backbone, [0, 1], [2, 2], width=width) for width in (10, 16))
    torch.testing.assert_close(near, far, atol=1e-5, rtol=1e-5)


def test_a_token_stands_where_it_is_told_to(backbone):
    slots = slots_behind(backbone, [0, 1])
    lengths = torch.tensor([len(PROMPTS[0]), len(PROMPTS[1])])
    fed = torch.tensor([[6], [14]])
    here, there = (
        extend(
            backbone.network,
            fed,
            positions=positions,
            cache=slots.window(lengths, count=1, width=9),
        )
        for positions in (lengths, lengths + torch.tensor([0, 5]))
    )
    torch.testing.assert_close(here[0], there[0])
    assert (here[1] - there[1]).abs().max() > 1e-3


def test_half_precision_stays_close(backbone):
    half = QwenVL(copy.deepcopy(backbone.network).bfloat16())
    found = written(half, [0, 1, 2], [1, 3])
    assert found.dtype is torch.bfloat16
    exact = written(backbone, [0, 1, 2], [1, 3])
    near = torch.nn.functional.cosine_similarity(found.float(), exact, dim=-1)
    assert near.min() > 0.99


@pytest.mark.parametrize(
    "rope", [YARN, {"rope_type": "linear", "factor": 3.0}], ids=["yarn", "linear"]
)
def test_a_rotation_that_is_stretched_is_the_stock_one(rope):
    backbone = QwenVL(network_of("qwen2_5_vl", rope=rope.items()))
    check_extends(backbone.network)
    found = written(backbone, [0, 1], [3, 1])
    for place in range(2):
        torch.testing.assert_close(found[place], atomic(backbone, place), atol=1e-5, rtol=1e-4)


def test_the_published_kinds_are_written_with(backbone):
    check_extends(backbone.network)


def test_layers_that_look_through_a_window_are_refused():
    network = network_of("qwen2_vl", use_sliding_window=True, sliding_window=8, max_window_layers=1)
    with pytest.raises(ModelError, match="sliding_attention: only full attention is written with"):
        check_extends(network)


def test_a_rotation_by_the_length_of_the_text_is_refused():
    network = network_of("qwen2_vl", rope={"rope_type": "dynamic", "factor": 2.0}.items())
    with pytest.raises(ModelError, match="rope_type 'dynamic' turns by the length of the text"):
        check_extends(network)
