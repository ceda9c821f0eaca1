from hypothesis import given
from hypothesis import strategies as st

from forethought.nano.vocabulary import learn_tokens
from forethought.renderers import TAGS

TEXTS = ["a red square and a red circle", "12 squares, 212 circles", "red red red"] * 3
TOKENIZER = learn_tokens(TEXTS, size=284)


def test_the_tags_come_first_and_each_is_one_token():
    assert [TOKENIZER.token_to_id(tag) for tag in TAGS] == list(range(len(TAGS)))
    assert TOKENIZER.encode("".join(TAGS)).ids == list(range(len(TAGS)))


def test_it_has_as_many_tokens_as_asked():
    # 12 tags, 256 bytes, 16 merges.
    assert TOKENIZER.get_vocab_size() == 284


def test_what_is_often_read_is_one_token_and_a_digit_is_always_one():
    assert TOKENIZER.encode(" red").tokens == ["Ġred"]
    assert TOKENIZER.encode("212").tokens == ["2", "1", "2"]


@given(st.text())
def test_any_text_comes_back_byte_for_byte(text):
    TOKENIZER.encode_special_tokens = True
    found = TOKENIZER.encode(text, add_special_tokens=False).ids
    TOKENIZER.encode_special_tokens = False
    assert TOKENIZER.decode(found, skip_special_tokens=False) == text


def test_the_same_texts_give_the_same_tokens():
    assert learn_tokens(TEXTS, size=284).to_str() == learn_tokens(TEXTS, size=284).to_str()
