import json
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration

from forethought.encoders import CARD
from forethought.renderers import TAGS, Tag
from forethought.training.run_folder import RunFolder
from forethought.training.start import starting_encoder
from forethought.types import Ending, Image, Message, Side, Text
from tests import tiny

PICTURE = Image(np.full((56, 56, 3), (30, 180, 60), np.uint8))
CONTENTS = [
    ([PICTURE, Text("what is it?")], [{"type": "image"}, {"type": "text", "text": "what is it?"}]),
    ([Text("green, square")], [{"type": "text", "text": "green, square"}]),
]


@pytest.fixture(scope="module")
def scratch(tiny_data, tmp_path_factory):
    """The starting model of the tiny recipe."""
    out = tmp_path_factory.mktemp("run")
    tiny.state(tiny.recipe(tiny_data), out)
    return RunFolder(out).start


@pytest.fixture(scope="module")
def encoder(tiny_data, scratch):
    return starting_encoder(tiny.recipe(tiny_data), scratch)


@pytest.fixture(scope="module")
def stock(scratch):
    return AutoTokenizer.from_pretrained(scratch)


@pytest.mark.parametrize(("content", "parts"), CONTENTS, ids=["picture", "text"])
def test_the_stock_chat_template_equals_our_prompt(encoder, stock, content, parts):
    message = Message(tuple(content), "Find the picture.", Side.QUERY)
    ours = encoder.renderer.render(message)
    turn = [{"type": "text", "text": "Find the picture.\n"}, *parts]
    text = stock.apply_chat_template(
        [{"role": "user", "content": turn}], tokenize=False, add_generation_prompt=True
    )
    # 56 x 56 in patches of 14, four to a token: 2 x 2 tokens.
    text = text.replace(Tag.IMAGE, Tag.IMAGE * 4)
    assert stock(text, add_special_tokens=False)["input_ids"] == list(ours.token_ids)


def test_the_stock_network_gives_the_same_vectors(encoder, scratch):
    network = Qwen2VLForConditionalGeneration.from_pretrained(scratch, dtype=torch.float32)
    message = Message((PICTURE,), "Name it.", Side.QUERY)
    prompt = encoder.renderer.render(message)
    token_ids = torch.tensor([prompt.token_ids])
    with torch.no_grad():
        state = network.model(
            input_ids=token_ids,
            attention_mask=torch.ones_like(token_ids),
            mm_token_type_ids=(token_ids == network.config.image_token_id).long(),
            pixel_values=torch.from_numpy(prompt.pictures[0].values),
            image_grid_thw=torch.tensor([prompt.pictures[0].grid]),
        ).last_hidden_state[0, prompt.read_at]
    # On a GPU a convolution rounds its inputs to TF32.
    atol = 1e-5 if encoder.engine.backbone.device.type == "cpu" else 1e-3
    ours = encoder.encode([message], think="never").vectors[0]
    np.testing.assert_allclose((state / state.norm()).numpy(), ours, atol=atol)


def test_the_stock_network_writes_what_our_engine_writes(tiny_encoder, tiny_model):
    # The trained tiny model: one without training writes noise.
    network: Any = Qwen2VLForConditionalGeneration.from_pretrained(tiny_model, dtype=torch.float32)
    message = Message((Text("green, square"),), "Find the picture.", Side.QUERY)
    prompt = tiny_encoder.renderer.render(message)
    token_ids = torch.tensor([prompt.token_ids])
    embed = tiny_encoder.renderer.layout.token_id(Tag.THOUGHT)
    written = network.generate(
        input_ids=token_ids,
        attention_mask=torch.ones_like(token_ids),
        mm_token_type_ids=torch.zeros_like(token_ids),
        max_new_tokens=tiny_encoder.decode_options.budget,
        do_sample=False,
        suppress_tokens=list(tiny_encoder.renderer.completion_format.forbidden),
        eos_token_id=embed,
    )[0, len(prompt.token_ids) :]
    engine = tiny_encoder.engine
    _, (ours,) = engine.generate(
        engine.prefill([prompt]),
        [0],
        budget=tiny_encoder.decode_options.budget,
        sampling=tiny_encoder.decode_options.sampling,
    )
    # Where it ran out of tokens our last one is forced.
    count = len(ours.token_ids) - (ours.ending is not Ending.EMBED)
    assert tuple(written.tolist())[:count] == ours.token_ids[:count]
    assert len(written) == count


def test_stock_tokenizers_know_the_tags_and_the_context(stock):
    assert (stock.eos_token, stock.pad_token) == (Tag.END, Tag.PAD)
    assert stock.model_max_length == 160
    assert set(TAGS) <= set(stock.all_special_tokens)


def test_the_card_has_the_recipes_name_budget_and_instructions(scratch):
    assert json.loads((scratch / CARD).read_text()) == {
        "family": "forethought",
        "name": "tiny",
        "budget": 24,
        "instructions": {"query": "Find the picture.", "document": "Picture."},
    }
