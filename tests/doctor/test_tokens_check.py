import json

import pytest
from transformers import AutoConfig

from forethought.doctor import Status
from forethought.doctor.tokens_check import check_ids, check_single, missing_tags
from forethought.encoders import FAMILIES, read_tokenizer

UME = FAMILIES["ume_r1"]


def check_tokens(folder, family=UME):
    return check_single(read_tokenizer(folder), family)


def check_config(folder, family=UME):
    config = AutoConfig.from_pretrained(folder)
    return check_ids(read_tokenizer(folder), family, config=config, folder=folder)


def entry(content, name):
    return next(token for token in content["added_tokens"] if token["content"] == name)


def test_single_tokens_are_listed_with_their_ids(folders):
    assert (
        check_tokens(folders["ume_r1"]).message
        == "<disc_emb> 341, <gen_emb> 340; all 9 tags are single tokens"
    )
    assert (
        "no embed token is needed" in check_tokens(folders["vlm2vec"], FAMILIES["vlm2vec"]).message
    )


def test_a_missing_token_is_named_with_the_number_of_its_pieces(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "tokenizer.json", lambda t: t["added_tokens"].remove(entry(t, "<disc_emb>")))
    finding = check_tokens(folder)
    assert finding.status is Status.FAIL
    assert "<disc_emb> is missing (it is split into " in finding.message
    assert missing_tags(read_tokenizer(folder), [UME]) == "ume_r1 needs <disc_emb>"


def test_a_token_that_no_text_is_encoded_to_fails(copied, rewrite):
    folder = copied("ume_r1")

    def hide(content):
        content["added_tokens"].remove(entry(content, "<disc_emb>"))
        content["model"]["vocab"]["<disc_emb>"] = 341

    rewrite(folder / "tokenizer.json", hide)
    finding = check_tokens(folder)
    assert finding.status is Status.FAIL
    assert "<disc_emb> has id 341, but inside a text it is split into" in finding.message


@pytest.mark.parametrize("setting", ["lstrip", "rstrip", "single_word"])
def test_a_token_that_depends_on_the_text_beside_it_fails(copied, rewrite, setting):
    folder = copied("ume_r1")
    rewrite(folder / "tokenizer.json", lambda t: entry(t, "<gen_emb>").update({setting: True}))
    # A letter precedes the tag and a space follows it: `lstrip` strips nothing here.
    assert check_tokens(folder).status is (Status.OK if setting == "lstrip" else Status.FAIL)


def test_two_tags_with_one_id_fail(copied, rewrite):
    folder = copied("ume_r1")

    def double(content):
        content["added_tokens"].remove(entry(content, "<disc_emb>"))
        content["model"]["vocab"] |= {"<gen_emb>": 340, "<disc_emb>": 340}

    rewrite(folder / "tokenizer.json", double)
    assert "<disc_emb> and <gen_emb> have the same id, 340" in check_tokens(folder).message


def test_files_that_agree_are_ok(folders):
    assert (
        check_config(folders["ume_r1"]).message
        == "config and tokenizer agree; all ids are below the 347 rows"
    )


def test_swapped_image_and_video_ids_in_the_config_fail(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "config.json", lambda t: t.update(image_token_id=339, video_token_id=338))
    finding = check_config(folder)
    assert finding.status is Status.FAIL
    assert (
        "config.json: image_token_id has 339 (<|video_pad|>) for <|image_pad|>, which is 338"
        in finding.message
    )
    assert "video_token_id has 338 (<|image_pad|>)" in finding.message


def swap_in_config(folder, rewrite):
    ids = {"disc_emb_token_id": 340, "gen_emb_token_id": 341}
    rewrite(folder / "config.json", lambda content: content.update(ids))


def swap_in_added_tokens(folder, _):
    (folder / "added_tokens.json").write_text(json.dumps({"<disc_emb>": 340, "<gen_emb>": 341}))


def swap_in_tokenizer_config(folder, rewrite):
    table = {"340": {"content": "<disc_emb>"}, "341": {"content": "<gen_emb>"}, "x": 3}
    rewrite(
        folder / "tokenizer_config.json", lambda content: content.update(added_tokens_decoder=table)
    )


def swap_in_tokenizer(folder, rewrite):
    def swap_ids(content):
        entry(content, "<disc_emb>")["id"], entry(content, "<gen_emb>")["id"] = 340, 341

    rewrite(folder / "tokenizer.json", swap_ids)


@pytest.mark.parametrize(
    "swap", [swap_in_config, swap_in_added_tokens, swap_in_tokenizer_config, swap_in_tokenizer]
)
def test_swapped_embed_tokens_in_one_file_fail(copied, rewrite, swap):
    folder = copied("ume_r1")
    swap(folder, rewrite)
    finding = check_config(folder)
    assert finding.status is Status.FAIL
    assert "has 340 (<gen_emb>) for <disc_emb>, which is 341" in finding.message
    assert "has 341 (<disc_emb>) for <gen_emb>, which is 340" in finding.message


def test_a_token_without_a_row_fails(folders):
    config = AutoConfig.from_pretrained(folders["ume_r1"])
    config.text_config.vocab_size = 341
    tokenizer = read_tokenizer(folders["ume_r1"])
    finding = check_ids(tokenizer, UME, config=config, folder=folders["ume_r1"])
    assert finding.status is Status.FAIL
    assert finding.message == "<disc_emb> is 341, but the network has 341 rows"
