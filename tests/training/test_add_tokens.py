"""A chat model gets the tokens of a format: where they are, and what their rows start as."""

import dataclasses

import pytest
import torch
from safetensors.torch import load_file

from forethought.encoders import FAMILIES, load, read_tokenizer
from forethought.renderers import Tag
from forethought.training.add_tokens import add_tokens
from tests import published

ARCHITECTURES = {"ume_r1": "qwen2_vl", "rge": "qwen2_5_vl", "mmemb_r1": "qwen3_vl"}


def rows(folder):
    """The input embeddings and the rows of the layer that scores next tokens."""
    weights = load_file(folder / "model.safetensors")
    names = {name.rpartition("embed_tokens")[1] or name: name for name in weights}
    return weights[names["embed_tokens"]].float(), weights["lm_head.weight"].float()


@pytest.fixture(params=ARCHITECTURES)
def added(request, tmp_path):
    """A family, its chat model's folder, and the folder with its tokens."""
    family = FAMILIES[request.param]
    chat = published.write(published.CHAT_MODELS[ARCHITECTURES[family.name]], tmp_path / "chat")
    add_tokens(str(chat), family, name="with tokens", folder=tmp_path / "start")
    return family, chat, tmp_path / "start"


def test_every_tag_of_the_format_becomes_one_token_behind_the_others(added):
    family, chat, start = added
    before, after = read_tokenizer(chat), read_tokenizer(start)
    known = before.get_vocab_size(with_added_tokens=True)
    new = [tag for tag in family.tags if before.token_to_id(tag.value) is None]
    assert new
    assert [after.token_to_id(tag.value) for tag in new] == [*range(known, known + len(new))]
    assert load(start, device="cpu").family is family


def test_the_published_training_of_ume_r1_adds_the_thought_token_first():
    # On Qwen2-VL, 151657 and 151658 in this order: its code has these numbers.
    assert FAMILIES["ume_r1"].tags == (Tag.THOUGHT, Tag.DIRECT)


def test_new_tokens_are_part_of_a_decoded_text(added):
    family, _, start = added
    tokenizer = read_tokenizer(start)
    ids = [tokenizer.token_to_id(tag.value) or -1 for tag in family.tags]
    assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == "".join(family.tags)


def test_new_rows_are_the_mean_of_the_others_or_the_ones_that_the_family_names(added):
    family, chat, start = added
    before, after = read_tokenizer(chat), read_tokenizer(start)
    known = before.get_vocab_size(with_added_tokens=True)
    old, old_head = rows(chat)
    new, new_head = rows(start)
    initial = dict(family.initial)
    torch.testing.assert_close(new[:known], old[:known])
    for tag in family.tags:
        token_id = after.token_to_id(tag.value)
        assert token_id is not None
        if token_id < known:
            continue
        other = initial.get(tag)
        expected = old[before.token_to_id(other)] if other else old[:known].mean(0)
        torch.testing.assert_close(new[token_id], expected)
        torch.testing.assert_close(new_head[token_id], old_head[:known].mean(0))


def test_a_tokenizer_without_the_named_tokens_starts_from_the_mean(tmp_path):
    family = dataclasses.replace(FAMILIES["rge"], initial=((Tag.EMBED, "<|gone|>"),))
    chat = published.write(published.CHAT_MODELS["qwen2_5_vl"], tmp_path / "chat")
    add_tokens(str(chat), family, name="with tokens", folder=tmp_path / "start")
    known = read_tokenizer(chat).get_vocab_size(with_added_tokens=True)
    torch.testing.assert_close(rows(tmp_path / "start")[0][known], rows(chat)[0][:known].mean(0))
