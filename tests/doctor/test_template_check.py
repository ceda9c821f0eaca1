import json

import pytest

from forethought.doctor import Status
from forethought.doctor.template_check import check_template, read_template, to_chat

JINJA = "chat_template.jinja"
WITH_TEMPLATE = ["ume_r1", "rge", "mmemb_r1", "qwen3_vl_embedding"]


@pytest.fixture
def broken(copied, encoder):
    """The finding after a change to the template of a family."""

    def check(family, change):
        folder = copied(family)
        path = folder / JINJA
        path.write_text(change(path.read_text()))
        return check_template(folder, encoder(family).renderer)

    return check


@pytest.mark.parametrize("family", WITH_TEMPLATE)
def test_a_published_template_gives_our_tokens(folders, encoder, family):
    finding = check_template(folders[family], encoder(family).renderer)
    assert finding.status is Status.OK
    assert finding.message.startswith(JINJA)


def test_a_family_without_chat_needs_no_template(folders, encoder):
    finding = check_template(folders["vlm2vec"], encoder("vlm2vec").renderer)
    assert finding.status is Status.OK
    assert "without a chat template" in finding.message


def test_another_system_turn_fails_with_the_difference(broken):
    finding = broken("ume_r1", lambda text: text.replace("helpful assistant", "harmless pirate"))
    assert finding.status is Status.FAIL
    assert "from token " in finding.message
    assert "the template gives ' are a harmless', ours ' are a helpful assistan'" in finding.message


@pytest.mark.parametrize("family", ["mmemb_r1", "qwen3_vl_embedding"])
def test_a_template_without_the_opening_of_the_reply_fails(broken, family):
    # The template's tokens are a prefix of ours.
    finding = broken(family, lambda text: text.split("{% if add_generation_prompt %}")[0])
    assert finding.status is Status.FAIL
    assert "the template gives" in finding.message


def test_a_difference_in_pictures_alone_fails(broken):
    finding = broken(
        "rge", lambda text: text.replace("<|vision_start|><|image_pad|>", "<|image_pad|>")
    )
    assert finding.status is Status.FAIL


def test_a_template_that_cannot_be_rendered_fails(broken):
    finding = broken("rge", lambda text: "{% for %}")
    assert finding.status is Status.FAIL
    assert "cannot be rendered" in finding.message


def test_no_template_is_a_warning(copied, encoder):
    folder = copied("rge")
    (folder / JINJA).unlink()
    finding = check_template(folder, encoder("rge").renderer)
    assert finding.status is Status.WARN
    assert "no chat template in chat_template.jinja or" in finding.message


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("chat_template.json", {"chat_template": "hello"}, "hello"),
        ("tokenizer_config.json", {"chat_template": "hello"}, "hello"),
        (
            "tokenizer_config.json",
            {
                "chat_template": [
                    {"name": "rag", "template": "a"},
                    {"name": "default", "template": "b"},
                ]
            },
            "b",
        ),
        ("tokenizer_config.json", {"chat_template": [3]}, None),
        ("chat_template.json", [], None),
    ],
)
def test_templates_in_older_files_are_read(tmp_path, file, content, expected):
    (tmp_path / file).write_text(json.dumps(content))
    assert read_template(tmp_path) == ((file, expected) if expected else None)


def test_the_newest_file_takes_precedence(tmp_path):
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "old"}')
    (tmp_path / JINJA).write_text("new")
    assert read_template(tmp_path) == (JINJA, "new")


def test_a_prompt_is_split_into_chat_messages():
    text = (
        "<|im_start|>system\nBe nice.<|im_end|>\n"
        "<|im_start|>user\n<|vision_start|><|image_pad|><|image_pad|><|vision_end|>what\nis it?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    user = {
        "role": "user",
        "content": [{"type": "image"}, {"type": "text", "text": "what\nis it?"}],
    }
    assert to_chat(text, instruction="Find") == [user]
    assert to_chat(text, instruction="Be nice") == [{"role": "system", "content": "Be nice."}, user]
