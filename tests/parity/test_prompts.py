"""The four properties of every family's prompts and completions."""

import pytest

from forethought.types import Ending, Rationale
from tests.parity.inputs import INPUTS, KINDS, PLAIN, THINKERS, message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", [*THINKERS, *PLAIN])
def test_prompt_equals_the_chat_template(encoders, references, family, kind):
    prompt = encoders[family].renderer.render(message(INPUTS[kind]))
    expected = references[family].inputs(INPUTS[kind])["input_ids"][0].tolist()
    assert list(prompt.prefix_ids) == expected


@pytest.mark.parametrize("family", THINKERS)
def test_a_training_text_starts_with_the_sampling_prompt(encoders, references, family):
    renderer = encoders[family].renderer
    prompt = renderer.render(message(INPUTS["text"]))
    answer = "" if family == "rge" else "a square"
    written = renderer.write(Rationale("it is red", answer, Ending.EMBED))
    text = renderer.layout.decode((*prompt.prefix_ids, *written))
    half, start, _ = text.partition("assistant\n")
    tokenizer = references[family].tokenizer
    assert tokenizer(half + start, add_special_tokens=False)["input_ids"] == [*prompt.prefix_ids]
    assert tokenizer(text, add_special_tokens=False)["input_ids"] == [*prompt.prefix_ids, *written]


@pytest.mark.parametrize("family", THINKERS)
@pytest.mark.parametrize("thinking", ["", "it is red,\n\nand square", "x" * 40])
def test_reading_undoes_writing(encoders, family, thinking):
    answer = "" if family == "rge" else "a square\n"
    rationale = Rationale(thinking, answer, Ending.EMBED)
    renderer = encoders[family].renderer
    written = renderer.write(rationale)
    cut = written[: written.index(renderer.completion_format.embed_id) + 1]
    assert renderer.read(cut, ending=Ending.EMBED) == rationale


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", [*THINKERS, *PLAIN])
def test_the_direct_vector_is_read_at_its_token(encoders, references, family, kind):
    prompt = encoders[family].renderer.render(message(INPUTS[kind]))
    token = references[family].tokenizer.convert_ids_to_tokens(prompt.token_ids[prompt.read_at])
    embeds = {"ume_r1": "<disc_emb>", "rge": "<emb>", "mmemb_r1": "<emb>"}
    if family in embeds:
        assert token == embeds[family]
    else:
        assert prompt.read_at == len(prompt.token_ids) - 1
