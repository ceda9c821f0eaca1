import json
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration

from forethought.encoders import CARD, load
from forethought.renderers import TAGS, Tag
from forethought.training.export import export
from forethought.training.state import build_train_state
from forethought.types import Ending, Image, Message, Side, Text
from tests import tiny

PICTURE = Image(np.full((56, 56, 3), (30, 180, 60), np.uint8))
CONTENTS = [
    ([PICTURE, Text("what is it?")], [{"type": "image"}, {"type": "text", "text": "what is it?"}]),
    ([Text("green, square")], [{"type": "text", "text": "green, square"}]),
]


@pytest.fixture(scope="module")
def exported(tiny_data, tmp_path_factory):
    """The folder of a network that was never trained."""
    out = tmp_path_factory.mktemp("export")
    recipe = tiny.recipe(tiny_data)
    state = build_train_state(recipe, out)
    folder = out / "model"
    export(state.backbone, state.tokenizer, state.image_processor, recipe=recipe, folder=folder)
    return folder


@pytest.fixture(scope="module")
def hf_tokenizer(exported):
    return AutoTokenizer.from_pretrained(exported)


@pytest.mark.parametrize(("content", "parts"), CONTENTS, ids=["picture", "words"])
def test_the_stock_chat_template_equals_our_prompt(exported, hf_tokenizer, content, parts):
    message = Message(tuple(content), "Find the picture.", Side.QUERY)
    ours = load(exported, device="cpu").renderer.render(message)  # type: ignore[attr-defined]
    asked = [{"type": "text", "text": "Find the picture.\n"}, *parts]
    text = hf_tokenizer.apply_chat_template(
        [{"role": "user", "content": asked}], tokenize=False, add_generation_prompt=True
    )
    # 56 x 56 in patches of 14, four to a token: 2 x 2 tokens.
    text = text.replace(Tag.IMAGE, Tag.IMAGE * 4)
    assert hf_tokenizer(text, add_special_tokens=False)["input_ids"] == list(ours.token_ids)


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


def test_the_tags_and_settings_are_told_to_stock_tokenizers(hf_tokenizer):
    assert (hf_tokenizer.eos_token, hf_tokenizer.pad_token) == (Tag.END, Tag.PAD)
    assert hf_tokenizer.model_max_length == 160
    assert set(TAGS) <= set(hf_tokenizer.all_special_tokens)


def test_weights_are_kept_in_half_precision_and_the_card_says_what_we_need(exported):
    network = Qwen2VLForConditionalGeneration.from_pretrained(exported, dtype=torch.float32)
    for parameter in network.parameters():
        assert torch.equal(parameter, parameter.bfloat16().float())
    assert json.loads((exported / CARD).read_text()) == {
        "family": "forethought",
        "name": "tiny",
        "budget": 24,
        "instructions": {"query": "Find the picture.", "document": "Picture."},
    }
