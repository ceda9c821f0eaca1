import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.data import JsonLines
from forethought.errors import ConfigError
from forethought.nano.glyph_examples import GlyphExamples
from forethought.nano.vocabulary import learn_tokenizer, learn_tokens
from forethought.renderers import TAGS

TEXTS = ["a red square and a red circle", "12 squares, 212 circles", "red red red"] * 3
TOKENIZER = learn_tokens(TEXTS, size=284)


def test_the_tags_come_first_and_each_is_one_token():
    assert [TOKENIZER.token_to_id(tag) for tag in TAGS] == list(range(len(TAGS)))
    assert TOKENIZER.encode("".join(TAGS)).ids == list(range(len(TAGS)))


def test_it_has_the_requested_number_of_tokens():
    # 12 tags, 256 bytes, 16 merges.
    assert TOKENIZER.get_vocab_size() == 284


def test_a_frequent_word_is_one_token_and_so_is_every_digit():
    assert TOKENIZER.encode(" red").tokens == ["Ġred"]
    assert TOKENIZER.encode("212").tokens == ["Ġ", "2", "1", "2"]


def test_a_word_has_the_same_tokens_wherever_it_stands():
    (red,) = TOKENIZER.encode(" red").ids
    for text in ("red", "red red", "a\nred", "<think>red", "<answer>red", "red\n\nred"):
        assert TOKENIZER.encode(text).ids.count(red) == text.count("red")


@given(st.text() | st.text("a \n>é1<"))
def test_any_text_whose_lines_start_with_a_word_comes_back_byte_for_byte(text):
    text = re.sub(r"(^|\n)\s+", r"\1", text)
    TOKENIZER.encode_special_tokens = True
    found = TOKENIZER.encode(text, add_special_tokens=False).ids
    TOKENIZER.encode_special_tokens = False
    assert TOKENIZER.decode(found, skip_special_tokens=False) == text


def test_the_same_texts_give_the_same_tokens():
    assert learn_tokens(TEXTS, size=284).to_str() == learn_tokens(TEXTS, size=284).to_str()


def test_it_learns_from_rationales_statements_and_lone_texts(tiny_data):
    tokenizer = learn_tokenizer(GlyphExamples(tiny_data), size=420)
    assert tokenizer.get_vocab_size() <= 420
    # "square" of the pairs, "colour" of the statements, "paint" of the lone texts.
    for word in ("Ġsquare", "Ġcolour", "Ġpaint"):
        assert tokenizer.token_to_id(word) is not None


def test_examples_of_another_source_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="data of GlyphExamples, got JsonLines; name another"):
        learn_tokenizer(JsonLines(tmp_path / "a.jsonl"), size=300)
