import pytest

from forethought.nano.glyphs.wordnet import Nouns


def _line(offset, lemma, gloss, up="00000009"):
    return f"{offset} 05 n 01 {lemma} 0 001 @ {up} n 0000 | {gloss}  "


LINES = {
    "00000001": _line("00000001", "bat", "nocturnal mouselike mammal with wings", "00000002"),
    "00000002": _line("00000002", "placental_mammal", "a mammal with a placenta"),
    "00000003": _line("00000003", "Crane", "United States writer"),
    "00000004": _line("00000004", "lozenge", "a small aromatic candy"),
    "00000005": _line("00000005", "taco", "(ethnic slur) offensive term for a person"),
    "00000006": _line("00000006", "taco", "a tortilla rolled around a filling"),
    "00000009": "00000009 05 n 01 animal 0 000 | a living organism  ",
    "00000007": _line("00000007", "cow", 'female of cattle: "`moo-cow\' is a word"'),
}
NOUNS = Nouns(
    senses={
        "bat": ("00000001",),
        "crane": ("00000003",),
        "lozenge": ("00000004",),
        "taco": ("00000005", "00000006"),
        "cow": ("00000007",),
        "placental_mammal": ("00000002",),
    },
    lines=LINES,
    counts={"cow": 9, "bat": 4, "crane": 30, "taco": 50, "placental_mammal": 1},
)


def test_takes_a_sense_that_shares_a_word_with_the_keywords():
    assert NOUNS.gloss("bat", ["wing", "night"]) == "nocturnal mouselike mammal with wings"


def test_a_synset_has_lemmas_a_definition_and_synsets_above_it():
    assert NOUNS.lemmas("00000002") == ["placental mammal"]
    assert NOUNS.definition("00000007") == "female of cattle"
    assert NOUNS.hypernyms("00000001") == ["00000002", "00000009"]


def test_an_unknown_synset_has_nothing():
    assert NOUNS.lemmas("99999999") == NOUNS.hypernyms("99999999") == []
    assert NOUNS.definition("99999999") == ""


def test_takes_a_sense_whose_hypernym_is_a_keyword():
    assert NOUNS.gloss("bat", ["placental"]) == "nocturnal mouselike mammal with wings"


@pytest.mark.parametrize(
    ("name", "keywords"),
    [("lozenge", ["diamond", "shape"]), ("crane", ["writer"]), ("unheard of", ["thing"])],
)
def test_another_sense_gives_no_gloss(name, keywords):
    assert NOUNS.gloss(name, keywords) == ""


def test_a_slur_is_passed_over():
    assert NOUNS.gloss("taco", ["tortilla"]) == "a tortilla rolled around a filling"


@pytest.mark.parametrize(
    "gloss",
    [
        "insulting terms of address for people who are ridiculous",
        "uncomplimentary terms for a policeman",
        "a stupid person; used to express a low opinion of someone's intelligence",
        "a person of subnormal intelligence",
        "people collectively who are crippled",
        "sexual activity between individuals",
        "someone who procures customers for whores",
        "a building where prostitutes are available",
    ],
)
def test_neither_insults_nor_obscenities_are_things(gloss):
    lines = LINES | {"00000008": _line("00000008", "word", gloss)}
    nouns = Nouns(NOUNS.senses | {"word": ("00000008",)}, lines, {"word": 99, "cow": 9})
    assert [one.name for one in nouns.things("animal")][:1] == ["cow"]
    assert "word" not in {one.name for one in nouns.things("animal")}


def test_a_coarse_word_is_left_out_by_name():
    lines = LINES | {"00000008": _line("00000008", "old_maid", "an elderly unmarried woman")}
    nouns = Nouns(NOUNS.senses | {"old_maid": ("00000008",)}, lines, {"old_maid": 99, "cow": 9})
    assert "old maid" not in {one.name for one in nouns.things("animal")}


def test_examples_of_use_are_left_out():
    assert NOUNS.gloss("cow", ["cattle"]) == "female of cattle"


def test_the_commonest_things_come_first_without_names_of_people():
    found = NOUNS.things("animal")
    assert [one.name for one in found] == ["cow", "bat", "placental mammal", "lozenge"]
    assert found[1].kinds == ("placental mammal", "animal")
    assert found[0].gloss == "female of cattle"
