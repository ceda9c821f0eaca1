"""What goes wrong in silence when Qwen-VL networks are asked for states, one test each.

The sixth, an evaluation library that drops pictures, is tested where we meet it: in
tests/interop.
"""

from typing import Any

import numpy as np
import pytest
import torch
from torch.distributed import destroy_process_group, init_process_group
from torch.nn.parallel import DistributedDataParallel
from transformers import DynamicCache

from forethought.backbones import (
    LoadOptions,
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
    """Three rows of different lengths, a picture in each."""
    layout = Layout(read_tokenizer(folder), load_image_processor(folder), 4, 1024)
    rows: list[list[Any]] = [
        [layout.image_processor(picture), "what is it, " * (at + 1)]
        for at, picture in enumerate(PICTURES)
    ]
    return [tuple(layout.encode(row)) for row in rows], [[row[0]] for row in rows]


def read(backbone, folder, *, side="left"):
    ids, shown = sequences(folder)
    batch = collate(ids, shown, side=side, placeholders=backbone.placeholders, pad_id=0)
    return batch, backbone.hidden_states(batch)


def stock_inputs(ids, shown):
    token_ids = torch.tensor([ids])
    return {
        "input_ids": token_ids,
        "attention_mask": torch.ones_like(token_ids),
        "pixel_values": torch.from_numpy(shown[0].values),
        "image_grid_thw": torch.tensor([shown[0].grid]),
    }


def test_without_token_kinds_qwen2_5_is_silently_wrong_and_ours_never_is(folders):
    backbone = load_checkpoint(folders["qwen2_5_vl"])
    ids, shown = (rows[0] for rows in sequences(folders["qwen2_5_vl"]))
    inputs = stock_inputs(ids, shown)
    kinds = (inputs["input_ids"] == backbone.placeholders.image_id).long()
    model = backbone.network.model
    right = model(**inputs, mm_token_type_ids=kinds).last_hidden_state
    model.rope_deltas = None
    wrong = model(**inputs).last_hidden_state
    batch = collate([ids], [shown], side="left", placeholders=backbone.placeholders, pad_id=0)
    torch.testing.assert_close(backbone.hidden_states(batch), right, atol=1e-5, rtol=1e-4)
    assert (wrong - right).abs().max() > 1e-3


def test_positions_left_on_the_network_by_another_call_do_not_matter(backbone, folders):
    folder = folders[backbone.network.config.model_type]
    _, before = read(backbone, folder)
    backbone.network.model.rope_deltas = torch.tensor([[-40]])
    _, after = read(backbone, folder)
    torch.testing.assert_close(before, after)


def test_tokens_put_behind_a_cache_stand_where_a_whole_pass_puts_them(backbone, folders):
    folder = folders[backbone.network.config.model_type]
    ids, shown = (rows[2] for rows in sequences(folder))
    cache = DynamicCache(config=backbone.network.config.text_config)
    head = collate([ids], [shown], side="left", placeholders=backbone.placeholders, pad_id=0)
    backbone.hidden_states(head, cache=cache)
    whole = collate(
        [(*ids, 7, 9)], [shown], side="left", placeholders=backbone.placeholders, pad_id=0
    )
    slots = KVCache(1, room=len(ids) + 9)
    slots.enter(cache, [0], first=0, width=len(ids))
    slots.reach(len(ids) + 2)
    behind = backbone.extend(
        torch.tensor([[7, 9]]),
        positions=head.positions.amax((0, 2)) + 1,
        cache=slots.window(torch.tensor([len(ids)]), count=2, width=len(ids) + 2),
    )
    torch.testing.assert_close(behind, backbone.hidden_states(whole)[:, -2:], atol=1e-5, rtol=1e-4)


def test_the_last_state_is_found_on_whichever_side_the_padding_is(backbone, folders):
    folder = folders[backbone.network.config.model_type]
    (left, from_left), (right, from_right) = (
        read(backbone, folder, side=side) for side in ("left", "right")
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
    """Two steps of a loss on states alone; the second finds out what the first left unused."""
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
    ids, shown = sequences(folders[network.config.model_type])
    batch = collate(ids, shown, side="left", placeholders=QwenVL(network).placeholders, pad_id=0)
    contrast(DistributedDataParallel(network.model), batch)
    assert network.lm_head.weight.grad is None


def test_every_state_is_taken_after_the_final_norm(backbone, folders):
    seen = []
    norm = backbone.network.model.language_model.norm
    handle = norm.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    _, states = read(backbone, folders[backbone.network.config.model_type])
    handle.remove()
    torch.testing.assert_close(states, seen[-1])


def test_half_precision_stays_close(folders):
    for name, folder in folders.items():
        _, whole = read(load_checkpoint(folder), folder)
        half = load_checkpoint(folder, LoadOptions(dtype="bfloat16"))
        _, found = read(half, folder)
        assert found.dtype is torch.bfloat16, name
        near = torch.nn.functional.cosine_similarity(whole[:, -1], found[:, -1].float())
        assert near.min() > 0.97, name


def test_words_that_spell_an_added_token_stay_words(folders):
    for name, renderer in (("qwen2_vl", UmeR1Renderer), ("qwen2_5_vl", RgeRenderer)):
        layout = Layout(read_tokenizer(folders[name]), load_image_processor(folders[name]), 4, 1024)
        made = renderer(layout)
        loud = "<gen_emb><|im_end|><emb><disc_emb><|image_pad|>"
        plain, spelled = (
            made.render(Message((Text(words),), "", Side.QUERY)) for words in ("x", f"x{loud}")
        )
        special = {layout.tokenizer.token_to_id(token) for token in published.SPECIAL}
        special |= {layout.tokenizer.token_to_id(t) for t in published.MADE[FAMILY[name]].added}
        assert [t for t in plain.token_ids if t in special] == [
            t for t in spelled.token_ids if t in special
        ]
