import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from forethought.errors import ContentError, ModelError
from forethought.nano.vocabulary import learn_tokens
from forethought.renderers import CHAT_TEMPLATE, TAGS, ForethoughtRenderer, Layout, Tag
from forethought.types import Ending, Image, Message, Patches, Rationale, Side, Text

INSTRUCTION = "Find the picture."
TEXTS = [
    "Find the picture. A red square, two blue squares.",
    "user\nassistant\nthink answer 1234567890\n\n  gap",
]


def patchify(image):
    """Twelve patches of 2 x 6 for any picture: three tokens of four patches."""
    return Patches(np.full((12, 5), image.pixels.mean(), np.float32), (1, 2, 6))


def make_renderer(context=400):
    return ForethoughtRenderer(Layout(learn_tokens(TEXTS, size=300), patchify, 4, context))


@pytest.fixture(scope="module")
def renderer():
    return make_renderer()


@pytest.fixture(scope="module")
def hf_tokenizer():
    """The same tokenizer as transformers loads it, with the chat template."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=learn_tokens(TEXTS, size=300))
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def template_prompt(hf_tokenizer, message):
    """The tokens of the chat template, with three placeholders for each picture."""
    parts = [{"type": "text", "text": f"{message.instruction}\n"}]
    for part in message.content:
        is_image = isinstance(part, Image)
        parts.append({"type": "image"} if is_image else {"type": "text", "text": part.words})
    text = hf_tokenizer.apply_chat_template(
        [{"role": "user", "content": parts}], tokenize=False, add_generation_prompt=True
    )
    text = text.replace(Tag.IMAGE, Tag.IMAGE * 3)
    return tuple(hf_tokenizer(text, add_special_tokens=False)["input_ids"])


PICTURE = Image(np.full((3, 2, 3), 90, np.uint8))
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<"), max_size=12)
PARTS = st.one_of(st.just(PICTURE), WORDS.filter(str.strip).map(Text))


@given(st.lists(PARTS, min_size=1, max_size=4), WORDS)
def test_a_prompt_equals_the_chat_template(renderer, hf_tokenizer, parts, instruction):
    message = Message(tuple(parts), instruction, Side.QUERY)
    assert renderer.render(message).token_ids == template_prompt(hf_tokenizer, message)


def test_a_prompt_has_the_documented_format(renderer):
    message = Message((PICTURE, Text("red?")), INSTRUCTION, Side.QUERY)
    prompt = renderer.render(message)
    assert renderer.layout.tokenizer.decode(list(prompt.token_ids), skip_special_tokens=False) == (
        "<|im_start|>user\nFind the picture.\n"
        "<|vision_start|><|image_pad|><|image_pad|><|image_pad|><|vision_end|>red?"
        "<disc_emb><|im_end|>\n<|im_start|>assistant\n"
    )
    assert [patches.grid for patches in prompt.pictures] == [(1, 2, 6)]


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_the_direct_vector_is_read_at_the_only_direct_embed_token(renderer, parts):
    prompt = renderer.render(Message(tuple(parts), INSTRUCTION, Side.DOCUMENT))
    direct = renderer.layout.token_id(Tag.DIRECT)
    assert prompt.token_ids[prompt.read_at] == direct
    assert prompt.token_ids.count(direct) == 1


@given(st.lists(st.sampled_from(list(TAGS)), min_size=1, max_size=6))
def test_a_tag_in_a_text_stays_text(renderer, tags):
    plain = renderer.render(Message((Text("x"),), INSTRUCTION, Side.QUERY))
    words = "x" + "y".join(tags)
    tagged = renderer.render(Message((Text(words),), words, Side.QUERY))
    for tag in TAGS:
        token_id = renderer.layout.token_id(tag)
        assert tagged.token_ids.count(token_id) == plain.token_ids.count(token_id)
    written = renderer.write(Rationale(words, words, Ending.EMBED))
    untagged = renderer.write(Rationale("x", "x", Ending.EMBED))
    assert all(
        written.count(renderer.layout.token_id(tag))
        == untagged.count(renderer.layout.token_id(tag))
        for tag in TAGS
    )


@given(WORDS, WORDS)
def test_reading_undoes_writing(renderer, thinking, answer):
    rationale = Rationale(thinking, answer, Ending.EMBED)
    assert renderer.read(renderer.write(rationale), ending=Ending.EMBED) == rationale


def test_the_embed_token_is_the_last_token_but_one(renderer):
    written = renderer.write(Rationale("two wheels", "bicycle", Ending.EMBED))
    assert written[-2:] == (
        renderer.layout.token_id(Tag.THOUGHT),
        renderer.layout.token_id(Tag.END),
    )
    assert written.count(renderer.layout.token_id(Tag.THOUGHT)) == 1


def test_a_training_example_starts_with_the_sampling_prompt(renderer, hf_tokenizer):
    # The text of prompt and completion, split where the assistant's turn starts.
    message = Message((PICTURE, Text("what?")), INSTRUCTION, Side.QUERY)
    rationale = Rationale("two wheels", "bicycle", Ending.EMBED)
    prompt = renderer.render(message)
    text = hf_tokenizer.decode([*prompt.token_ids, *renderer.write(rationale)])
    user, start, _ = text.partition("assistant\n")
    assert hf_tokenizer(user + start, add_special_tokens=False)["input_ids"] == list(
        prompt.token_ids
    )
    assert prompt.token_ids[-len(renderer.opening) :] == renderer.opening


def test_a_completion_that_does_not_parse_is_malformed(renderer):
    written = renderer.write(Rationale("two wheels", "bicycle", Ending.EMBED))
    for broken in [written[1:], written[:1] * 2 + written[1:], written[-2:], ()]:
        assert renderer.read(broken, ending=Ending.EMBED).ending is Ending.MALFORMED


def test_a_tag_encoded_as_text_makes_a_rationale_malformed(renderer):
    written = renderer.write(Rationale("say <gen_emb> twice", "no", Ending.EMBED))
    assert renderer.read(written, ending=Ending.EMBED).ending is Ending.MALFORMED


def test_no_rationale_may_hold_a_picture_or_another_turn(renderer):
    allowed = {Tag.THINK, Tag.THINK_END, Tag.ANSWER, Tag.THOUGHT, Tag.END}
    assert set(renderer.completion_format.forbidden) == {
        renderer.layout.token_id(tag) for tag in TAGS
    } - {renderer.layout.token_id(tag) for tag in allowed}


def test_a_prompt_may_be_as_long_as_the_context_and_no_longer(renderer):
    message = Message((PICTURE, Text("red?")), INSTRUCTION, Side.QUERY)
    length = len(renderer.render(message).token_ids)
    assert len(make_renderer(context=length).render(message).token_ids) == length
    with pytest.raises(
        ContentError, match=f"takes {length} tokens, .* holds {length - 1}: shorten"
    ):
        make_renderer(context=length - 1).render(message)


def test_a_tokenizer_without_the_tags_is_refused():
    tokenizer = learn_tokens(TEXTS, size=300)
    stripped = type(tokenizer).from_str(tokenizer.to_str().replace("<gen_emb>", "<gem_emb>"))
    with pytest.raises(
        ModelError, match="tokenizer lacks <gen_emb>: each tag of forethought must be one token"
    ):
        ForethoughtRenderer(Layout(stripped, patchify, 4, 400))
