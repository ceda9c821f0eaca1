import re

from hypothesis import given
from hypothesis import strategies as st

from forethought.renderers import Tag, tags
from forethought.types import Ending, Rationale

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<"))


ANSWERED = re.compile(
    r"<think>(?P<thinking>.*?)</think><answer>(?P<answer>.*?)<gen_emb>", re.DOTALL
)
PROSE = re.compile(r"(?P<thinking>.*?)<emb>", re.DOTALL)


def write(rationale):
    return f"<think>{rationale.thinking}</think><answer>{rationale.answer}<gen_emb>"


def read(text, *, ending, pattern=ANSWERED):
    return tags.read(text, pattern, ending=ending)


@given(WORDS, WORDS, st.sampled_from([Ending.EMBED, Ending.LENGTH]))
def test_reading_undoes_writing(thinking, answer, ending):
    rationale = Rationale(thinking, answer, ending)
    assert read(write(rationale), ending=ending) == rationale


def test_a_format_may_have_no_answer():
    found = read("two decks, red<emb>", ending=Ending.EMBED, pattern=PROSE)
    assert found == Rationale("two decks, red", "", Ending.EMBED)


def test_text_after_the_embed_token_is_ignored():
    text = "<think>a</think><answer>b<gen_emb><|im_end|>\n<think>c"
    assert read(text, ending=Ending.EMBED) == Rationale("a", "b", Ending.EMBED)


MALFORMED = {
    "": ("", ""),
    "words alone": ("words alone", ""),
    "<gen_emb>": ("", ""),
    "<think>never closed<gen_emb>": ("never closed", ""),
    "<think>a</think>b<gen_emb>": ("a", "b"),
    "words first<think>a</think><answer>b<gen_emb>": ("words firsta", "b"),
    "<think>a<think>b</think><answer>c<gen_emb>": ("ab", "c"),
    "<think>a</think><answer>b": ("a", "b"),
    "<think>a</think><answer>b<answer>c<gen_emb>": ("a", "bc"),
    "<think>a<disc_emb></think><answer>b<gen_emb>": ("a", "b"),
}


def test_text_that_does_not_parse_is_malformed_and_stripped_of_tags():
    for text, (thinking, answer) in MALFORMED.items():
        found = read(text, ending=Ending.EMBED)
        assert found == Rationale(thinking, answer, Ending.MALFORMED), text


def test_a_completion_cut_short_has_its_ending_even_if_it_does_not_parse():
    found = read("<think>it was going to<gen_emb>", ending=Ending.LENGTH)
    assert found == Rationale("it was going to", "", Ending.LENGTH)


def test_a_malformed_ending_stays_even_if_the_text_parses():
    found = read("<think>a</think><answer>b<gen_emb>", ending=Ending.MALFORMED)
    assert found == Rationale("a", "b", Ending.MALFORMED)


@given(st.lists(st.sampled_from([*Tag, "a", "b c", "\n", "<", "think>"])).map("".join))
def test_reading_never_raises(text):
    found = read(text, ending=Ending.EMBED)
    assert (found.ending is Ending.EMBED) == (
        write(found) == text.split(Tag.THOUGHT)[0] + Tag.THOUGHT
    )
