import json
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration

from forethought.encoders import CARD
from forethought.renderers import TAGS, Tag
from forethought.types import Ending, Image, Message, Side, Text

PICTURE = Image(np.full((56, 56, 3), (30, 180, 60), np.uint8))
CONTENTS = [
    ([PICTURE, Text("what is it?")], [{"type": "image"}, {"type": "text", "text": "what is it?"}]),
    ([Text("green, square")], [{"type": "text", "text": "green, square"}]),
]


@pytest.fixture(scope="module")
def stock(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.mark.parametrize(("content", "parts"), CONTENTS, ids=["picture", "words"])
def test_the_stock_chat_template_equals_our_prompt(tiny_encoder, stock, content, parts):
    message = Message(tuple(content), "Find the picture.", Side.QUERY)
    ours = tiny_encoder.renderer.render(message)
    asked = [{"type": "text", "text": "Find the picture.\n"}, *parts]
    text = stock.apply_chat_template(
        [{"role": "user", "content": asked}], tokenize=False, add_generation_prompt=True
    )
    # 56 x 56 in patches of 14, four to a token: 2 x 2 tokens.
    text = text.replace(Tag.IMAGE, Tag.IMAGE * 4)
    assert stock(text, add_special_tokens=False)["input_ids"] == list(ours.token_ids)


def test_the_stock_network_reads_the_same_vectors(tiny_encoder, tiny_model):
    network = Qwen2VLForConditionalGeneration.from_pretrained(tiny_model, dtype=torch.float32)
    prompt = tiny_encoder.renderer.render(Message((PICTURE,), "Name it.", Side.QUERY))
    token_ids = torch.tensor([prompt.token_ids])
    with torch.no_grad():
        state = network.model(
            input_ids=token_ids,
            attention_mask=torch.ones_like(token_ids),
            mm_token_type_ids=(token_ids == network.config.image_token_id).long(),
            pixel_values=torch.from_numpy(prompt.pictures[0].values),
            image_grid_thw=torch.tensor([prompt.pictures[0].grid]),
        ).last_hidden_state[0, prompt.read_at]
    asked = Message((PICTURE,), "Name it.", Side.QUERY)
    ours = tiny_encoder.encode([asked], think="never").vectors[0]
    np.testing.assert_allclose((state / state.norm()).numpy(), ours, atol=1e-5)


def test_the_stock_network_writes_what_our_engine_writes(tiny_encoder, tiny_model):
    network: Any = Qwen2VLForConditionalGeneration.from_pretrained(tiny_model, dtype=torch.float32)
    asked = Message((Text("green, square"),), "Find the picture.", Side.QUERY)
    prompt = tiny_encoder.renderer.render(asked)
    token_ids = torch.tensor([prompt.token_ids])
    thought = tiny_encoder.renderer.layout.token_id(Tag.THOUGHT)
    written = network.generate(
        input_ids=token_ids,
        attention_mask=torch.ones_like(token_ids),
        mm_token_type_ids=torch.zeros_like(token_ids),
        max_new_tokens=tiny_encoder.decode_options.budget,
        do_sample=False,
        suppress_tokens=list(tiny_encoder.renderer.completion_format.forbidden),
        eos_token_id=thought,
    )[0, len(prompt.token_ids) :]
    engine = tiny_encoder.engine
    _, (ours,) = engine.think(
        engine.prefill([prompt]),
        [0],
        budget=tiny_encoder.decode_options.budget,
        sampling=tiny_encoder.decode_options.sampling,
    )
    # Where it ran out of tokens our last one is forced.
    kept = len(ours.token_ids) - (ours.ending is not Ending.EMBED)
    assert tuple(written.tolist())[:kept] == ours.token_ids[:kept]
    assert len(written) == kept


def test_the_tags_and_settings_are_told_to_stock_tokenizers(stock):
    assert (stock.eos_token, stock.pad_token) == (Tag.END, Tag.PAD)
    assert stock.model_max_length == 160
    assert set(TAGS) <= set(stock.all_special_tokens)


def test_weights_are_kept_in_half_precision_and_the_card_says_what_we_need(tiny_model):
    network = Qwen2VLForConditionalGeneration.from_pretrained(tiny_model, dtype=torch.float32)
    for parameter in network.parameters():
        assert torch.equal(parameter, parameter.bfloat16().float())
    assert json.loads((tiny_model / CARD).read_text()) == {
        "family": "forethought",
        "name": "tiny",
        "budget": 24,
        "instructions": {"query": "Find the picture.", "document": "Picture."},
    }
