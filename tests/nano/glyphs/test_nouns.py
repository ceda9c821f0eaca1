import dataclasses

from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.nouns import PSEUDO, noun_pairs, noun_texts, read_things
from forethought.nano.glyphs.wordnet import Nouns

CHAIN = {
    "00000001": "00000001 03 n 01 entity 0 000 | all there is",
    "00000002": "00000002 03 n 01 physical_entity 0 001 @ 00000001 n 0000 | what can be touched",
    "00000003": "00000003 03 n 01 object 0 001 @ 00000002 n 0000 | a tangible thing",
    "00000004": "00000004 05 n 01 animal 0 001 @ 00000003 n 0000 | a living organism",
    "00000005": "00000005 05 n 02 owl 0 hooter 0 001 @ 00000004 n 0000 | a bird; hunts at night",
    "00000006": "00000006 15 n 01 Athena 0 001 @i 00000004 n 0000 | a goddess",
    "00000007": "00000007 07 n 01 idea 0 001 @ 00000001 n 0000 | a content of cognition",
}
NOUNS = Nouns(
    senses={
        "owl": ("00000005", "00000004"),
        "hooter": ("00000005",),
        "animal": ("00000004",),
        "athena": ("00000006",),
        "idea": ("00000007",),
        "object": ("00000003",),
    },
    lines=CHAIN,
    counts={"animal": 9, "owl": 3},
)


def _things(**changes):
    return {
        one.name: dataclasses.replace(one, split="train", **changes)
        for one in read_things(NOUNS, [])
    }


def test_things_can_be_touched_and_have_a_kind_that_says_how_they_look():
    # An idea is no physical entity, Athena is one of her kind, an object may look like anything.
    assert [one.name for one in read_things(NOUNS, [])] == ["owl"]
    (owl,) = _things().values()
    assert owl.kinds == ("animal",)
    assert owl.gloss == "a bird; hunts at night"
    assert owl.thinking == "It is an owl, a kind of animal."


def test_the_name_of_a_held_out_concept_is_held_out():
    joker = Concept(
        concept="1f989", kind="emoji", family="owl", split="test", name="Owl", keywords=(),
        gloss="", group="animals-nature", subgroup="animal-bird",
    )  # fmt: skip
    (owl,) = read_things(NOUNS, [joker])
    assert owl.split == "test"
    assert not [*noun_pairs([owl], "train")]
    assert not [*noun_texts([owl])]


def test_a_thing_is_found_by_name_and_gloss_and_named_by_its_pseudo_picture():
    pairs = [*noun_pairs(_things().values(), "train")]
    assert [pair.task for pair in pairs] == ["noun", "noun", "noun_name"]
    assert {pair.document.picture or pair.query.picture for pair in pairs} == {f"{PSEUDO}00000005"}
    assert pairs[0].query.text in {"owl", "an owl", "owl, animal"}
    assert pairs[1].query.text == "a bird"
    assert pairs[2].document.text == "owl"
    assert {pair.query.answer for pair in pairs} == {"owl"}


def test_plain_texts_name_a_thing_describe_it_and_tell_its_kinds():
    texts = [*noun_texts(_things().values())]
    assert "owl: a bird; hunts at night" in texts
    assert "animal" in texts
