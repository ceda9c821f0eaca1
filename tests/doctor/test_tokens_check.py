import json

import pytest
from transformers import AutoConfig

from forethought.doctor import Status
from forethought.doctor.tokens_check import check_ids, check_single, lacking
from forethought.encoders import FAMILIES, read_tokenizer

UME = FAMILIES["ume_r1"]


def single(folder, family=UME):
    return check_single(read_tokenizer(folder), family)


def ids(folder, family=UME):
    config = AutoConfig.from_pretrained(folder)
    return check_ids(read_tokenizer(folder), family, config=config, folder=folder)


def entry(told, name):
    return next(token for token in told["added_tokens"] if token["content"] == name)


def test_whole_tokens_are_said_with_their_ids(folders):
    assert (
        single(folders["ume_r1"]).told
        == "<disc_emb> 341, <gen_emb> 340; all 9 tags are single tokens"
    )
    assert "no embed token is needed" in single(folders["vlm2vec"], FAMILIES["vlm2vec"]).told


def test_a_missing_token_is_named_with_what_it_falls_into(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "tokenizer.json", lambda t: t["added_tokens"].remove(entry(t, "<disc_emb>")))
    found = single(folder)
    assert found.status is Status.FAIL
    assert "<disc_emb> is missing (it falls into " in found.told
    assert lacking(read_tokenizer(folder), [UME]) == "ume_r1 needs <disc_emb>"


def test_a_token_with_an_id_that_no_text_ever_reaches_is_caught(copied, rewrite):
    folder = copied("ume_r1")

    def hide(told):
        told["added_tokens"].remove(entry(told, "<disc_emb>"))
        told["model"]["vocab"]["<disc_emb>"] = 341

    rewrite(folder / "tokenizer.json", hide)
    found = single(folder)
    assert found.status is Status.FAIL
    assert "<disc_emb> has id 341, but in a text it falls into" in found.told


@pytest.mark.parametrize("setting", ["lstrip", "rstrip", "single_word"])
def test_a_token_that_minds_what_stands_beside_it_is_caught(copied, rewrite, setting):
    folder = copied("ume_r1")
    rewrite(folder / "tokenizer.json", lambda t: entry(t, "<gen_emb>").update({setting: True}))
    # A blank stands behind the tag here and a letter before it: `lstrip` has nothing to take.
    assert single(folder).status is (Status.OK if setting == "lstrip" else Status.FAIL)


def test_two_tags_on_one_id_are_caught(copied, rewrite):
    folder = copied("ume_r1")

    def double(told):
        told["added_tokens"].remove(entry(told, "<disc_emb>"))
        told["model"]["vocab"] |= {"<gen_emb>": 340, "<disc_emb>": 340}

    rewrite(folder / "tokenizer.json", double)
    assert "<disc_emb> and <gen_emb> are one id, 340" in single(folder).told


def test_files_that_agree_are_well(folders):
    assert ids(folders["ume_r1"]).told == "config and tokenizer agree; all are below the 347 rows"


def test_picture_and_video_exchanged_in_the_config_are_caught(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "config.json", lambda t: t.update(image_token_id=339, video_token_id=338))
    found = ids(folder)
    assert found.status is Status.FAIL
    assert (
        "config.json: image_token_id says 339 (<|video_pad|>), and <|image_pad|> is 338"
        in found.told
    )
    assert "video_token_id says 338 (<|image_pad|>)" in found.told


def swap_in_config(folder, rewrite):
    ids = {"disc_emb_token_id": 340, "gen_emb_token_id": 341}
    rewrite(folder / "config.json", lambda told: told.update(ids))


def swap_in_added_tokens(folder, _):
    (folder / "added_tokens.json").write_text(json.dumps({"<disc_emb>": 340, "<gen_emb>": 341}))


def swap_in_tokenizer_config(folder, rewrite):
    table = {"340": {"content": "<disc_emb>"}, "341": {"content": "<gen_emb>"}, "x": 3}
    rewrite(folder / "tokenizer_config.json", lambda told: told.update(added_tokens_decoder=table))


def swap_in_tokenizer(folder, rewrite):
    def exchange(told):
        entry(told, "<disc_emb>")["id"], entry(told, "<gen_emb>")["id"] = 340, 341

    rewrite(folder / "tokenizer.json", exchange)


@pytest.mark.parametrize(
    "swap", [swap_in_config, swap_in_added_tokens, swap_in_tokenizer_config, swap_in_tokenizer]
)
def test_embed_tokens_exchanged_between_two_files_are_caught(copied, rewrite, swap):
    folder = copied("ume_r1")
    swap(folder, rewrite)
    found = ids(folder)
    assert found.status is Status.FAIL
    assert "says 340 (<gen_emb>), and <disc_emb> is 341" in found.told
    assert "says 341 (<disc_emb>), and <gen_emb> is 340" in found.told


def test_a_token_without_a_row_is_caught(folders):
    config = AutoConfig.from_pretrained(folders["ume_r1"])
    config.text_config.vocab_size = 341
    tokenizer = read_tokenizer(folders["ume_r1"])
    found = check_ids(tokenizer, UME, config=config, folder=folders["ume_r1"])
    assert found.status is Status.FAIL
    assert found.told == "<disc_emb> is 341, and the network has 341 rows"
