import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer

from forethought.doctor import NAMES, Status, examine
from forethought.encoders import CARD
from forethought.errors import ModelError
from forethought.renderers import CHAT_TEMPLATE, TAGS

RECOGNISED = ["ume_r1", "rge", "mmemb_r1"]
TOLD = ["qwen3_vl_embedding", "vlm2vec"]


def look(folder, family=None):
    return examine(folder, family=family, device="cpu")


def of(examined, name):
    return next(finding for finding in examined.findings if finding.name == name)


def failed(examined):
    return [finding.name for finding in examined.findings if finding.status is Status.FAIL]


@pytest.mark.parametrize("family", RECOGNISED + TOLD)
def test_every_published_system_is_healthy(folders, family):
    examined = look(folders[family], family if family in TOLD else None)
    assert failed(examined) == []
    assert examined.healthy
    assert examined.family == family
    assert tuple(finding.name for finding in examined.findings) == NAMES
    assert not [finding for finding in examined.findings if "not checked" in finding.told]


def test_a_model_of_our_own_format_is_healthy(copied):
    folder = copied("ume_r1")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # The tiny checkpoint has five rows to spare.
    tokenizer.add_tokens([AddedToken(tag.value, special=False) for tag in TAGS])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    (folder / CARD).write_text('{"family": "forethought", "budget": 24}')
    examined = look(folder)
    assert failed(examined) == []
    assert "forethought" in of(examined, "family").told
    assert of(examined, "template").status is Status.OK


def test_without_weights_all_else_is_examined(copied):
    folder = copied("rge")
    (folder / "model.safetensors").unlink()
    examined = look(folder)
    assert examined.healthy
    assert of(examined, "weights").told.startswith("weights absent")
    for name in ("rows", "state", "direct parity", "thought parity"):
        assert of(examined, name).status is Status.WARN
        assert of(examined, name).told == "not checked: weights absent"
    for name in ("tokens", "ids", "template", "frames", "attention", "memory"):
        assert of(examined, name).status is Status.OK


def test_truncated_weights_fail_and_are_not_loaded(copied):
    folder = copied("mmemb_r1")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    examined = look(folder)
    assert failed(examined) == ["weights"]
    assert "is truncated" in of(examined, "weights").told
    assert of(examined, "state").told == "not checked: the weights are not whole"


def test_a_missing_tensor_fails(copied):
    folder = copied("rge")
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys() if "norm.weight" not in name}  # noqa: SIM118
    save_file(tensors, path, metadata={"format": "pt"})
    examined = look(folder)
    assert failed(examined) == ["weights"]
    assert "the weights lack" in of(examined, "weights").told
    assert of(examined, "rows").told == "not checked: the weights cannot be loaded"


def test_swapped_ids_fail(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "config.json", lambda t: t.update(image_token_id=339, video_token_id=338))
    examined = look(folder)
    # The network finds no place for the picture: that is told too, and no traceback.
    assert failed(examined) == ["ids", "state", "direct parity", "thought parity"]
    assert "the check broke with ValueError" in of(examined, "state").told


def test_a_zero_row_fails(copied):
    folder = copied("ume_r1")
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    rows = next(value for name, value in tensors.items() if "embed_tokens" in name)
    rows[341] = torch.zeros(48)
    save_file(tensors, path, metadata={"format": "pt"})
    assert failed(look(folder)) == ["rows"]


def test_a_wrong_template_fails(copied):
    folder = copied("rge")
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("helpful", "useless"))
    assert failed(look(folder)) == ["template"]


def drop(told, name):
    told["added_tokens"] = [token for token in told["added_tokens"] if token["content"] != name]


def test_a_missing_token_leaves_no_family_and_says_which_would_fit(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "tokenizer.json", lambda told: drop(told, "<disc_emb>"))
    examined = look(folder)
    assert failed(examined) == ["family"]
    assert "ume_r1 needs <disc_emb>" in of(examined, "family").told
    assert "--family forethought|ume_r1|vlm2vec" in of(examined, "family").way_out
    assert of(examined, "tokens").told == "not checked: the family is unknown"


def test_a_missing_token_of_a_told_family_fails(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "tokenizer.json", lambda told: drop(told, "<disc_emb>"))
    examined = look(folder, "ume_r1")
    assert failed(examined) == ["tokens"]
    assert "<disc_emb> is missing" in of(examined, "tokens").told
    assert "tokenizer lacks <disc_emb>" in of(examined, "state").told


def test_another_architecture_than_published_is_a_warning(folders):
    examined = look(folders["vlm2vec"], "qwen3_vl_embedding")
    assert of(examined, "family").status is Status.WARN
    assert "published on qwen3_vl, and this is qwen2_vl" in of(examined, "family").told


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_without_config_or_tokenizer_nothing_is_known(copied, name, damage):
    folder = copied("rge")
    whole = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage == "cut":
        (folder / name).write_bytes(whole[: len(whole) // 2])
    examined = look(folder)
    assert failed(examined) == ["files"]
    assert name in of(examined, "files").told
    assert tuple(finding.name for finding in examined.findings) == NAMES


def test_a_config_that_describes_no_network_is_a_failure(copied, rewrite):
    folder = copied("rge")
    rewrite(folder / "config.json", lambda told: told["text_config"].update(hidden_size="wide"))
    assert "describes no network" in of(look(folder), "files").told


def test_another_architecture_is_a_failure(copied, rewrite):
    folder = copied("rge")
    rewrite(folder / "config.json", lambda told: told.update(model_type="bert"))
    assert "model_type is 'bert'; known: qwen2_vl" in of(look(folder), "files").told


def test_without_a_preprocessor_tokens_are_still_examined(copied):
    folder = copied("rge")
    (folder / "preprocessor_config.json").unlink()
    examined = look(folder)
    assert failed(examined) == ["files"]
    assert of(examined, "tokens").status is Status.OK


def test_a_damaged_card_is_a_failure(copied):
    folder = copied("rge")
    (folder / CARD).write_text("{")
    assert failed(look(folder)) == ["family"]


def test_a_context_too_small_for_the_tests_says_so(copied, rewrite):
    folder = copied("ume_r1")
    change = {"max_position_embeddings": 40}
    rewrite(folder / "config.json", lambda told: told["text_config"].update(change))
    examined = look(folder)
    assert examined.healthy
    assert "the model's context holds 40" in of(examined, "template").told


def test_an_adapter_without_its_base_is_a_failure(copied):
    folder = copied("rge")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "no/where"}))
    assert "names is no folder here" in of(look(folder), "files").told


def test_what_cannot_be_asked_for_is_refused(folders, tmp_path):
    with pytest.raises(ModelError, match="unknown model 'nobody': name a folder"):
        look("nobody")
    with pytest.raises(ModelError, match="unknown family 'rgb'; known: forethought, mmemb_r1"):
        look(folders["rge"], "rgb")
    with pytest.raises(ModelError, match=r"unknown device 'toaster' .*; cpu is always there"):
        examine(folders["rge"], device="toaster")
    (tmp_path / CARD).write_text('{"family": "afternoon"}')
    with pytest.raises(ModelError, match="a head on two frozen towers"):
        look(tmp_path)
