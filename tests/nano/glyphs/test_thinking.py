from forethought.nano.glyphs import thinking
from forethought.nano.glyphs.clocks import Face
from forethought.nano.glyphs.facts import facts_of


def _fact(country, relation):
    return next(fact for fact in facts_of(country) if fact.relation == relation)


def test_a_gloss_is_cut_between_phrases_or_not_at_all():
    assert thinking.short_gloss("yellow fruit (of a tree); sour") == "yellow fruit"
    long = "a rodent, " + "larger than a mouse and smaller than a dog " * 2
    assert thinking.short_gloss(long) == "a rodent"
    assert thinking.short_gloss(long.replace(",", "")) == ""


def test_flags_and_facts_use_the_words_of_the_statements(bolivia):
    capital = _fact(bolivia, "capital")
    assert thinking.facts_to_flag([capital.backward]) == "Sucre is the capital of Bolivia."
    assert thinking.flag_to_fact(capital) == (
        "It is the flag of Bolivia. The capital of Bolivia is Sucre."
    )


def test_a_question_takes_at_most_two_sentences():
    assert thinking.facts_to_flag(["One.", "Two.", "Three."]) == "One. Two."


def test_a_sum_states_the_face_and_the_hours():
    half_past_one = Face(1, half=True)
    assert thinking.sum_thinking(half_past_one, 3) == (
        "The clock shows one thirty. One hour after one is two, two three, three four."
    )
    assert thinking.sum_thinking(half_past_one, -2) == (
        "The clock shows one thirty. One hour before one is twelve, two eleven."
    )
