import json

import pytest

from forethought.doctor import Status
from forethought.doctor.template_check import check_template, read_template, turns

JINJA = "chat_template.jinja"
CHATTING = ["ume_r1", "rge", "mmemb_r1", "qwen3_vl_embedding"]


@pytest.fixture
def broken(copied, encoder):
    """What is found once a family's template is changed."""

    def found(family, change):
        folder = copied(family)
        path = folder / JINJA
        path.write_text(change(path.read_text()))
        return check_template(folder, encoder(family).renderer)

    return found


@pytest.mark.parametrize("family", CHATTING)
def test_a_published_template_says_what_we_say(folders, encoder, family):
    found = check_template(folders[family], encoder(family).renderer)
    assert found.status is Status.OK
    assert found.told.startswith(JINJA)


def test_a_family_without_chat_needs_none(folders, encoder):
    found = check_template(folders["vlm2vec"], encoder("vlm2vec").renderer)
    assert found.status is Status.OK
    assert "no chat template is used" in found.told


def test_another_system_turn_is_caught_and_shown(broken):
    found = broken("ume_r1", lambda text: text.replace("helpful assistant", "harmless pirate"))
    assert found.status is Status.FAIL
    assert "from token " in found.told
    assert "the template says ' are a harmless', we say ' are a helpful assistan'" in found.told


@pytest.mark.parametrize("family", ["mmemb_r1", "qwen3_vl_embedding"])
def test_a_template_without_a_final_opening_is_caught(broken, family):
    # The shorter one ends where they part.
    found = broken(family, lambda text: text.split("{% if add_generation_prompt %}")[0])
    assert found.status is Status.FAIL
    assert "the template says" in found.told


def test_a_difference_that_only_pictures_show_is_caught(broken):
    found = broken(
        "rge", lambda text: text.replace("<|vision_start|><|image_pad|>", "<|image_pad|>")
    )
    assert found.status is Status.FAIL


def test_a_template_that_cannot_be_rendered_is_caught(broken):
    found = broken("rge", lambda text: "{% for %}")
    assert found.status is Status.FAIL
    assert "cannot be rendered" in found.told


def test_no_template_is_a_warning(copied, encoder):
    folder = copied("rge")
    (folder / JINJA).unlink()
    found = check_template(folder, encoder("rge").renderer)
    assert found.status is Status.WARN
    assert "no chat template in chat_template.jinja or" in found.told


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
def test_older_files_are_read_too(tmp_path, file, content, expected):
    (tmp_path / file).write_text(json.dumps(content))
    assert read_template(tmp_path) == ((file, expected) if expected else None)


def test_the_newest_file_counts(tmp_path):
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "old"}')
    (tmp_path / JINJA).write_text("new")
    assert read_template(tmp_path) == (JINJA, "new")


def test_a_prompt_comes_apart_into_its_turns():
    said = (
        "<|im_start|>system\nBe nice.<|im_end|>\n"
        "<|im_start|>user\n<|vision_start|><|image_pad|><|image_pad|><|vision_end|>what\nis it?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    user = {
        "role": "user",
        "content": [{"type": "image"}, {"type": "text", "text": "what\nis it?"}],
    }
    assert turns(said, instruction="Find") == [user]
    assert turns(said, instruction="Be nice") == [{"role": "system", "content": "Be nice."}, user]
