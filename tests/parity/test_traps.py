"""Silent failures when hidden states are taken from Qwen-VL networks, one test each.

The sixth, an evaluation library that drops images, is tested in tests/interop.
"""

from typing import Any

import numpy as np
import pytest
import torch
from torch.distributed import destroy_process_group, init_process_group
from torch.nn.parallel import DistributedDataParallel

from forethought.backbones import (
    LoadOptions,
    PrefillCache,
    QwenVL,
    collate,
    load_checkpoint,
    load_image_processor,
)
from forethought.encoders import read_tokenizer
from forethought.engines.cache import KVCache
from forethought.renderers import Layout, RgeRenderer, UmeR1Renderer
from forethought.types import Image, Message, Side, Text
from tests import published

FAMILY = {"qwen2_vl": "ume_r1", "qwen2_5_vl": "rge", "qwen3_vl": "mmemb_r1"}
RNG = np.random.default_rng(3)
PICTURES = [
    Image(RNG.integers(0, 256, (height, 90, 3), dtype=np.uint8)) for height in (60, 90, 120)
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("traps")
    return {name: published.make(family, home / name) for name, family in FAMILY.items()}


@pytest.fixture(params=list(FAMILY))
def backbone(request, folders):
    return load_checkpoint(folders[request.param])


def sequences(folder):
    """Three rows of different lengths, an image in each."""
    layout = Layout(read_tokenizer(folder), load_image_processor(folder), 4, 1024)
    rows: list[list[Any]] = [
        [layout.image_processor(picture), "what is it, " * (index + 1)]
        for index, picture in enumerate(PICTURES)
    ]
    return [tuple(layout.encode(row)) for row in rows], [[row[0]] for row in rows]


def run(backbone, folder, *, side="left"):
    ids, pictures = sequences(folder)
    batch = collate(ids, pictures, side=side, placeholders=backbone.placeholders, pad_id=0)
    return batch, backbone.hidden_states(batch)


def stock_inputs(ids, pictures):
    token_ids = torch.tensor([ids])
    return {
        "input_ids": token_ids,
        "attention_mask": torch.ones_like(token_ids),
        "pixel_values": torch.from_numpy(pictures[0].values),
        "image_grid_thw": torch.tensor([pictures[0].grid]),
    }


def test_without_token_types_the_stock_qwen2_5_is_silently_wrong_and_ours_is_right(folders):
    backbone = load_checkpoint(folders["qwen2_5_vl"])
    ids, pictures = (rows[0] for rows in sequences(folders["qwen2_5_vl"]))
    inputs = stock_inputs(ids, pictures)
    types = (inputs["input_ids"] == backbone.placeholders.image_id).long()
    model = backbone.network.model
    right = model(**inputs, mm_token_type_ids=types).last_hidden_state
    model.rope_deltas = None
    wrong = model(**inputs).last_hidden_state
    batch = collate([ids], [pictures], side="left", placeholders=backbone.placeholders, pad_id=0)
    torch.testing.assert_close(backbone.hidden_states(batch), right, atol=1e-5, rtol=1e-4)
    assert (wrong - right).abs().max() > 1e-3


def test_positions_left_on_the_network_by_another_call_do_not_matter(backbone, folders):
    folder = folders[backbone.network.config.model_type]
    _, before = run(backbone, folder)
    backbone.network.model.rope_deltas = torch.tensor([[-40]])
    _, after = run(backbone, folder)
    torch.testing.assert_close(before, after)


def test_tokens_behind_a_cache_have_the_positions_of_a_whole_pass(backbone, folders):
    folder = folders[backbone.network.config.model_type]
    ids, pictures = (rows[2] for rows in sequences(folder))
    prefill = PrefillCache()
    head = collate([ids], [pictures], side="left", placeholders=backbone.placeholders, pad_id=0)
    backbone.hidden_states(head, cache=prefill)
    whole = collate(
        [(*ids, 7, 9)], [pictures], side="left", placeholders=backbone.placeholders, pad_id=0
    )
    cache = KVCache(1, max_length=len(ids) + 9)
    cache.insert(prefill, [0], first=0, width=len(ids))
    cache.initialize(len(ids) + 2)
    behind = backbone.extend(
        torch.tensor([[7, 9]]),
        positions=head.positions.amax((0, 2)) + 1,
        cache=cache.view(torch.tensor([len(ids)]), count=2, width=len(ids) + 2),
    )
    torch.testing.assert_close(behind, backbone.hidden_states(whole)[:, -2:], atol=1e-5, rtol=1e-4)


def test_states_do_not_depend_on_the_side_of_the_padding(backbone, folders):
    folder = folders[backbone.network.config.model_type]
    (left, from_left), (right, from_right) = (
        run(backbone, folder, side=side) for side in ("left", "right")
    )
    for row in range(3):
        torch.testing.assert_close(
            from_left[row][left.mask[row].bool()],
            from_right[row][right.mask[row].bool()],
            atol=1e-5,
            rtol=1e-4,
        )


@pytest.fixture
def one_process(tmp_path):
    init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    yield
    destroy_process_group()


def contrast(network, batch):
    """Two steps of a loss on states alone; DDP reports unused parameters at the second."""
    for _ in range(2):
        hidden = network(
            input_ids=batch.token_ids,
            attention_mask=batch.mask,
            position_ids=batch.positions,
            mm_token_type_ids=batch.token_types,
            pixel_values=batch.images.patches,
            image_grid_thw=batch.images.grids,
        )[0]
        hidden[:, -1].square().sum().backward()


@pytest.mark.usefixtures("one_process")
def test_a_loss_on_states_trains_under_ddp_if_the_head_is_left_out(backbone, folders):
    network = backbone.network.requires_grad_(requires_grad=True).train()
    ids, pictures = sequences(folders[network.config.model_type])
    batch = collate(ids, pictures, side="left", placeholders=QwenVL(network).placeholders, pad_id=0)
    contrast(DistributedDataParallel(network.model), batch)
    assert network.lm_head.weight.grad is None


def test_states_are_taken_after_the_final_norm(backbone, folders):
    normed = []
    norm = backbone.network.model.language_model.norm
    handle = norm.register_forward_hook(lambda _module, _inputs, output: normed.append(output))
    _, states = run(backbone, folders[backbone.network.config.model_type])
    handle.remove()
    torch.testing.assert_close(states, normed[-1])


def test_half_precision_stays_close(folders):
    for name, folder in folders.items():
        _, whole = run(load_checkpoint(folder), folder)
        half = load_checkpoint(folder, LoadOptions(dtype="bfloat16"))
        _, rounded = run(half, folder)
        assert rounded.dtype is torch.bfloat16, name
        cosine = torch.nn.functional.cosine_similarity(whole[:, -1], rounded[:, -1].float())
        assert cosine.min() > 0.97, name


def test_text_that_spells_an_added_token_stays_text(folders):
    for name, renderer in (("qwen2_vl", UmeR1Renderer), ("qwen2_5_vl", RgeRenderer)):
        layout = Layout(read_tokenizer(folders[name]), load_image_processor(folders[name]), 4, 1024)
        made = renderer(layout)
        tags = "<gen_emb><|im_end|><emb><disc_emb><|image_pad|>"
        plain, spelled = (
            made.render(Message((Text(words),), "", Side.QUERY)) for words in ("x", f"x{tags}")
        )
        special = {layout.tokenizer.token_to_id(token) for token in published.SPECIAL}
        special |= {
            layout.tokenizer.token_to_id(t) for t in published.CHECKPOINTS[FAMILY[name]].added
        }
        assert [t for t in plain.token_ids if t in special] == [
            t for t in spelled.token_ids if t in special
        ]
