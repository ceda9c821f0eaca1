import dataclasses

from forethought.nano.glyphs import thinking
from forethought.nano.glyphs.clocks import Face
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.facts import facts_of

APPLE = Concept(
    concept="1f34e",
    kind="emoji",
    family="emoji:apple",
    split="train",
    name="red apple",
    keywords=("apple", "fruit", "health", "teacher", "ripe"),
    gloss="fruit with red or yellow or green skin (of a tree); eaten raw",
    group="food-drink",
    subgroup="food-fruit",
)


def _fact(country, relation):
    return next(fact for fact in facts_of(country) if fact.relation == relation)


def test_a_concept_is_described_by_group_name_gloss_and_related_words():
    # "apple" and "fruit" are in the text already; three more words are related.
    assert thinking.concept_thinking(APPLE) == (
        "Food and drink, fruit. It is red apple: fruit with red or yellow or green skin. "
        "Related: health, teacher, ripe."
    )


def test_missing_annotations_are_left_out():
    bare = dataclasses.replace(APPLE, gloss="", keywords=())
    assert thinking.concept_thinking(bare) == "Food and drink, fruit. It is red apple."


def test_a_flag_is_described_with_its_region_if_there_is_one(bolivia):
    assert thinking.flag_thinking(bolivia) == "It is the flag of Bolivia, in South America."
    nowhere = dataclasses.replace(bolivia, subregion="")
    assert thinking.flag_thinking(nowhere) == "It is the flag of Bolivia."


def test_an_icon_is_described_as_one():
    icon = dataclasses.replace(
        APPLE, concept="icon-apple", kind="icon", group="icon", subgroup="food", gloss=""
    )
    assert thinking.concept_thinking(icon) == (
        "Icon, food. It is red apple. Related: fruit, health, teacher."
    )


def test_a_long_text_drops_related_words_first():
    wordy = dataclasses.replace(APPLE, name="red apple on a very high and old tree here")
    text = thinking.concept_thinking(wordy)
    assert len(text.split()) <= thinking.MOST_WORDS
    assert "health" in text
    assert "ripe" not in text


def test_a_gloss_is_cut_between_phrases_or_not_at_all():
    assert thinking.short_gloss("yellow fruit (of a tree); sour") == "yellow fruit"
    long = "a rodent, " + "larger than a mouse and smaller than a dog " * 2
    assert thinking.short_gloss(long) == "a rodent"
    assert thinking.short_gloss(long.replace(",", "")) == ""


def test_flags_and_facts_use_the_words_of_the_statements(bolivia):
    capital = _fact(bolivia, "capital")
    assert thinking.flag_thinking(bolivia) == "It is the flag of Bolivia, in South America."
    assert thinking.facts_to_flag([capital.backward], bolivia) == (
        "Sucre is the capital of Bolivia. The flag of Bolivia."
    )
    assert thinking.flag_to_fact(capital) == (
        "It is the flag of Bolivia. The capital of Bolivia is Sucre."
    )
    assert thinking.answer_thinking([capital]) == "Sucre is the capital of Bolivia."


def test_an_answer_of_many_countries_is_described_by_its_sort(bolivia):
    peru = dataclasses.replace(bolivia, code="pe", name="Peru", called="Peru")

    def text(relation):
        return thinking.answer_thinking([_fact(bolivia, relation), _fact(peru, relation)])

    assert text("subregion") == "South America is a part of the world."
    assert text("currency") == "The Bolivian boliviano is a currency."
    assert text("demonym") == "Bolivian is what people from Bolivia or Peru are called."


def test_a_sum_states_the_face_and_the_hours():
    half_past_one = Face(1, half=True)
    assert thinking.sum_thinking(half_past_one, 3) == (
        "The clock shows one thirty. Three hours after one is four."
    )
    assert thinking.sum_thinking(half_past_one, -5) == (
        "The clock shows one thirty. Five hours before one is eight."
    )
    assert thinking.time_thinking(Face(4, half=True)) == "It is a time, thirty minutes past four."
    assert thinking.time_thinking(Face(4, half=False)) == "It is a time, exactly four."
