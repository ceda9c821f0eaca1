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
from tests.doctor.adapters import NUM_ADDED, split

RECOGNISED = ["ume_r1", "rge", "mmemb_r1"]
GIVEN = ["qwen3_vl_embedding", "vlm2vec"]


def examine_on_cpu(folder, family=None):
    return examine(folder, family=family, device="cpu")


def finding_of(examination, name):
    return next(finding for finding in examination.findings if finding.name == name)


def failed(examination):
    return [finding.name for finding in examination.findings if finding.status is Status.FAIL]


@pytest.mark.parametrize("family", RECOGNISED + GIVEN)
def test_every_published_family_is_healthy(folders, family):
    examination = examine_on_cpu(folders[family], family if family in GIVEN else None)
    assert failed(examination) == []
    assert examination.healthy
    assert examination.family == family
    assert tuple(finding.name for finding in examination.findings) == NAMES
    assert not [finding for finding in examination.findings if "not checked" in finding.message]


def test_a_model_of_the_forethought_format_is_healthy(copied):
    folder = copied("ume_r1")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # The tiny checkpoint has five unused rows.
    tokenizer.add_tokens([AddedToken(tag.value, special=False) for tag in TAGS])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    (folder / CARD).write_text('{"family": "forethought", "budget": 24}')
    examination = examine_on_cpu(folder)
    assert failed(examination) == []
    assert "forethought" in finding_of(examination, "family").message
    assert finding_of(examination, "template").status is Status.OK


of_peft = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing`:FutureWarning", "ignore::UserWarning:peft"
)


@of_peft
def test_an_adapter_whose_added_tokens_grew_its_base_is_healthy(folders, tmp_path):
    adapter = split(folders["ume_r1"], folders["vlm2vec"], tmp_path, with_rows=True)
    examination = examine_on_cpu(adapter)
    assert failed(examination) == []
    assert examination.family == "ume_r1"
    num_rows = Tokenizer.from_file(str(adapter / "tokenizer.json")).get_vocab_size()
    message = finding_of(examination, "ids").message
    assert message == f"config and tokenizer agree; all ids are below the {num_rows} rows"
    # Two layers with two matrices each for queries and values, and the two tables of embeddings.
    assert (
        "; 10 of 10 adapter tensors found their place" in finding_of(examination, "weights").message
    )
    for name in ("rows", "state", "direct parity", "thought parity"):
        assert finding_of(examination, name).status is Status.OK


@of_peft
def test_added_tokens_without_rows_fail_with_the_adapter_s_weights(folders, tmp_path):
    adapter = split(folders["ume_r1"], folders["vlm2vec"], tmp_path, with_rows=False)
    examination = examine_on_cpu(adapter)
    assert failed(examination) == ["ids", "weights"]
    num_rows = Tokenizer.from_file(str(adapter / "tokenizer.json")).get_vocab_size() - NUM_ADDED
    message = finding_of(examination, "ids").message
    assert f"<gen_emb> is {num_rows}" in message
    assert message.endswith(f", but the network has {num_rows} rows")
    assert "adds '<gen_emb>' (2 such tokens)" in finding_of(examination, "weights").message
    assert finding_of(examination, "state").message == "not checked: the weights cannot be loaded"


def test_without_weights_all_else_is_checked(copied):
    folder = copied("rge")
    (folder / "model.safetensors").unlink()
    examination = examine_on_cpu(folder)
    assert examination.healthy
    assert finding_of(examination, "weights").message.startswith("weights absent")
    for name in ("rows", "state", "direct parity", "thought parity"):
        assert finding_of(examination, name).status is Status.WARN
        assert finding_of(examination, name).message == "not checked: weights absent"
    for name in ("tokens", "ids", "template", "frames", "attention", "memory"):
        assert finding_of(examination, name).status is Status.OK


def test_truncated_weights_fail_and_are_not_loaded(copied):
    folder = copied("mmemb_r1")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    examination = examine_on_cpu(folder)
    assert failed(examination) == ["weights"]
    assert "is truncated" in finding_of(examination, "weights").message
    assert finding_of(examination, "state").message == "not checked: the weights are incomplete"


@pytest.mark.parametrize("part", ["norm.weight", "patch_embed"], ids=["text", "vision"])
def test_a_missing_tensor_fails(copied, part):
    folder = copied("rge")
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys() if part not in name}  # noqa: SIM118
    save_file(tensors, path, metadata={"format": "pt"})
    examination = examine_on_cpu(folder)
    assert failed(examination) == ["weights"]
    assert "the weights lack" in finding_of(examination, "weights").message
    assert finding_of(examination, "rows").message == "not checked: the weights cannot be loaded"


def test_swapped_ids_fail(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "config.json", lambda t: t.update(image_token_id=339, video_token_id=338))
    examination = examine_on_cpu(folder)
    # The network finds no image tokens and raises: a finding, not a traceback.
    assert failed(examination) == ["ids", "state", "direct parity", "thought parity"]
    assert "the check raised ValueError" in finding_of(examination, "state").message


def test_a_zero_row_fails(copied):
    folder = copied("ume_r1")
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    rows = next(value for name, value in tensors.items() if "embed_tokens" in name)
    rows[341] = torch.zeros(48)
    save_file(tensors, path, metadata={"format": "pt"})
    assert failed(examine_on_cpu(folder)) == ["rows"]


def test_a_wrong_template_fails(copied):
    folder = copied("rge")
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("helpful", "useless"))
    assert failed(examine_on_cpu(folder)) == ["template"]


def drop(content, name):
    content["added_tokens"] = [
        token for token in content["added_tokens"] if token["content"] != name
    ]


def test_a_missing_token_leaves_the_family_unknown_and_names_candidates(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "tokenizer.json", lambda content: drop(content, "<disc_emb>"))
    examination = examine_on_cpu(folder)
    assert failed(examination) == ["family"]
    assert "ume_r1 needs <disc_emb>" in finding_of(examination, "family").message
    assert "--family forethought|ume_r1|vlm2vec" in finding_of(examination, "family").remedy
    assert finding_of(examination, "tokens").message == "not checked: the family is unknown"


def test_a_missing_token_of_a_given_family_fails(copied, rewrite):
    folder = copied("ume_r1")
    rewrite(folder / "tokenizer.json", lambda content: drop(content, "<disc_emb>"))
    examination = examine_on_cpu(folder, "ume_r1")
    assert failed(examination) == ["tokens"]
    assert "<disc_emb> is missing" in finding_of(examination, "tokens").message
    assert "tokenizer lacks <disc_emb>" in finding_of(examination, "state").message


def test_another_architecture_than_published_is_a_warning(folders):
    examination = examine_on_cpu(folders["vlm2vec"], "qwen3_vl_embedding")
    assert finding_of(examination, "family").status is Status.WARN
    assert (
        "published on qwen3_vl, but this is qwen2_vl" in finding_of(examination, "family").message
    )


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_without_config_or_tokenizer_nothing_else_is_checked(copied, name, damage):
    folder = copied("rge")
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage == "cut":
        (folder / name).write_bytes(content[: len(content) // 2])
    examination = examine_on_cpu(folder)
    assert failed(examination) == ["files"]
    assert name in finding_of(examination, "files").message
    assert tuple(finding.name for finding in examination.findings) == NAMES


def test_an_invalid_config_fails(copied, rewrite):
    folder = copied("rge")
    rewrite(
        folder / "config.json", lambda content: content["text_config"].update(hidden_size="wide")
    )
    assert "describes no network" in finding_of(examine_on_cpu(folder), "files").message


def test_an_unknown_architecture_fails(copied, rewrite):
    folder = copied("rge")
    rewrite(folder / "config.json", lambda content: content.update(model_type="bert"))
    assert (
        "model_type is 'bert'; known: qwen2_vl"
        in finding_of(examine_on_cpu(folder), "files").message
    )


def test_without_a_preprocessor_tokens_are_still_checked(copied):
    folder = copied("rge")
    (folder / "preprocessor_config.json").unlink()
    examination = examine_on_cpu(folder)
    assert failed(examination) == ["files"]
    assert finding_of(examination, "tokens").status is Status.OK


def test_a_damaged_card_fails(copied):
    folder = copied("rge")
    (folder / CARD).write_text("{")
    assert failed(examine_on_cpu(folder)) == ["family"]


def test_a_context_too_small_for_the_test_inputs_is_a_warning(copied, rewrite):
    folder = copied("ume_r1")
    change = {"max_position_embeddings": 40}
    rewrite(folder / "config.json", lambda content: content["text_config"].update(change))
    examination = examine_on_cpu(folder)
    assert examination.healthy
    assert "the model's context holds 40" in finding_of(examination, "template").message


def test_an_adapter_without_its_base_fails(copied):
    folder = copied("rge")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "no/where"}))
    assert "is not a folder here" in finding_of(examine_on_cpu(folder), "files").message


def test_an_unknown_model_family_or_device_is_refused(folders, tmp_path):
    with pytest.raises(ModelError, match="unknown model 'nobody': name a folder"):
        examine_on_cpu("nobody")
    with pytest.raises(ModelError, match="unknown family 'rgb'; known: forethought, mmemb_r1"):
        examine_on_cpu(folders["rge"], "rgb")
    with pytest.raises(ModelError, match=r"unknown device 'toaster' .*; cpu always works"):
        examine(folders["rge"], device="toaster")
    (tmp_path / CARD).write_text('{"family": "baseline", "loader": "my_package.load"}')
    with pytest.raises(ModelError, match=r"'baseline', .*; load it with my_package\.load"):
        examine_on_cpu(tmp_path)


@pytest.mark.parametrize("kind", ["sees", "words"])
def test_our_own_architecture_is_healthy_and_says_what_loads_it(kind, request):
    examination = examine_on_cpu(request.getfixturevalue(kind))
    assert failed(examination) == []
    family = finding_of(examination, "family").message
    assert "only forethought.load loads it, neither stock transformers nor vLLM" in family
    assert not [finding for finding in examination.findings if "not checked" in finding.message]


def test_a_model_of_text_alone_needs_no_preprocessor(words):
    examination = examine_on_cpu(words)
    assert "takes no pictures" in finding_of(examination, "files").message
    assert "text alone" in finding_of(examination, "pixels").message
