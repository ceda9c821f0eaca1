"""The formula against what autograd stores in a real pass."""

import dataclasses

import numpy as np
import pytest
import torch

from forethought.backbones import LoadOptions
from forethought.encoders import load
from forethought.training import Reader, TrainRow
from forethought.training.activation_memory import NetworkSizes, VisionSizes, network_sizes
from forethought.training.pass_size import MemorySettings, PassSize
from forethought.training.reader import pass_sizes
from forethought.training.trained_weights import enable_checkpointing
from forethought.types import Ending, Image, Message, Rationale, Side, Text
from tests import published

FACTOR = 1.6
"""How much more the formula may give: it is a bound for the vision encoders of all families."""


@pytest.fixture(scope="module", params=["ume_r1", "rge", "mmemb_r1"])
def encoder(request, tmp_path_factory):
    folder = published.make(request.param, tmp_path_factory.mktemp(request.param))
    options = LoadOptions(dtype="float32", packed=False)
    found = load(folder, device="cpu", load_options=options)
    found.engine.backbone.network.requires_grad_(requires_grad=True).train()
    return found


def stored_bytes(network, run):
    """The bytes of all storages that autograd stores, weights apart."""
    weights = {t.untyped_storage().data_ptr() for t in [*network.parameters(), *network.buffers()]}
    found, alive = {}, []

    def pack(tensor):
        storage = tensor.untyped_storage()
        alive.append(tensor)  # a freed one's place would be taken by another
        if storage.data_ptr() not in weights:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        states = run()
    del states
    return sum(found.values())


def rows(encoder, *, pictures, supervised=True):
    truth = encoder.renderer.write(Rationale("A square.", "green", Ending.EMBED))
    picture = Image(np.full((112, 84, 3), (30, 180, 60), np.uint8))
    for words in ("one", "a few more words", "a query that is longer than all of the others"):
        content = (Text(words), picture) if pictures else (Text(words),)
        prompt = encoder.renderer.render(Message(content, "Find it.", Side.QUERY))
        yield TrainRow(prompt, truth, supervised=supervised)
        yield TrainRow(prompt)


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")
@pytest.mark.parametrize("bf16", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("pictures", [False, True], ids=["texts", "pictures"])
def test_the_formula_is_what_autograd_stores_of_a_pass(encoder, bf16, pictures):
    network = encoder.engine.backbone.network
    memory = MemorySettings(rows=6)
    read = list(rows(encoder, pictures=pictures))
    reader = Reader(encoder.engine.backbone, encoder.renderer.layout.pad_id, memory)

    def run():
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return reader.read(read)

    sizes = network_sizes(network)
    expected = sum(
        sizes.activation_bytes(size, bf16=bf16, checkpointing=False)
        for size in pass_sizes(read, memory, on_cpu=True)
    )
    if bf16:
        # The weights' copies, which the estimate of a run counts apart.
        expected += 2 * sum(p.numel() for p in network.parameters() if p.ndim > 1)
    measured = stored_bytes(network, run)
    assert measured / 1.05 < expected < FACTOR * measured


def test_with_checkpointing_what_enters_each_layer_is_stored_and_one_layer_runs_again(encoder):
    options = LoadOptions(dtype="float32", packed=False)
    backbone = load(encoder.folder, device="cpu", load_options=options).engine.backbone
    network = backbone.network.requires_grad_(requires_grad=True).train()
    enable_checkpointing(network)
    memory = MemorySettings(rows=6)
    read = list(rows(encoder, pictures=False, supervised=False))
    reader = Reader(backbone, encoder.renderer.layout.pad_id, memory)
    measured = stored_bytes(network, lambda: reader.read(read))
    sizes, passes = network_sizes(network), pass_sizes(read, memory, on_cpu=True)
    expected = sum(sizes.activation_bytes(p, bf16=False, checkpointing=True) for p in passes)
    # The layer that runs again in the backward pass is not stored in the forward pass.
    plain = sum(sizes.activation_bytes(p, bf16=False, checkpointing=False) for p in passes)
    tokens = sum(size.rows * size.length for size in passes)
    layer = (plain - expected + sizes.layers * tokens * 4 * sizes.hidden) / (sizes.layers - 1)
    assert measured / 1.05 < expected - layer < FACTOR * measured


def test_a_layer_of_a_token_by_hand():
    sizes = NetworkSizes(
        hidden=10,
        layers=3,
        heads=2,
        key_value_heads=1,
        head_size=6,
        feed_forward=7,
        vocabulary=50,
        has_head_norms=False,
        vision=VisionSizes(hidden=4, layers=2, feed_forward=5, pixels=24),
    )
    none = PassSize(rows=0, length=0)
    # A layer: float32 (4 * 10 + 2 + 2) * 4 = 176; half (5 * 10 + 4 * 12 + 4 * 7) * 2 = 252.
    # The ends: (2 * 10 + 2 * 6) * 4 = 128.
    token = PassSize(rows=1, length=1)
    assert sizes.activation_bytes(token, bf16=True, checkpointing=False) == 3 * 428 + 128
    assert sizes.activation_bytes(token, bf16=True, checkpointing=True) == 3 * 40 + 428 + 128
    # In float32 a layer has 176 + 4 times (2 * 10 + 48 + 28), which is 560.
    assert sizes.activation_bytes(token, bf16=False, checkpointing=False) == 3 * 560 + 128
    # The masks of two rows of three tokens: 3 layers, 2 * 3 * 3 numbers.
    padded = sizes.activation_bytes(PassSize(2, 3), bf16=True, checkpointing=False)
    assert padded == 6 * (3 * 428 + 128) + 3 * 18 * 2
    # A scored token: (3 * 50 + 10) * 4; a patch: 2 * ((4 * 4 + 9 * 4 + 4 * 5) * 4) + (24 + 16) * 4.
    scored = dataclasses.replace(none, scored=1)
    assert sizes.activation_bytes(scored, bf16=False, checkpointing=False) == 640
    patch = dataclasses.replace(none, patches=1)
    assert sizes.activation_bytes(patch, bf16=False, checkpointing=False) == 2 * 288 + 160
    # Norms on queries and keys: (2 + 4) * (12 + 6) + 4 * (2 + 1) a layer in bfloat16.
    normed = dataclasses.replace(sizes, has_head_norms=True)
    assert normed.activation_bytes(token, bf16=True, checkpointing=False) == 3 * 548 + 128


def test_a_frozen_vision_encoder_stores_nothing(encoder):
    network = encoder.engine.backbone.network
    assert network_sizes(network).vision is not None
    network.model.visual.requires_grad_(requires_grad=False)
    assert network_sizes(network).vision is None
    network.model.visual.requires_grad_(requires_grad=True)
