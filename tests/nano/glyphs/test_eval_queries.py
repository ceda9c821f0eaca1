from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.clocks import FACES, OFFSETS, code_of_face
from forethought.nano.glyphs.concepts import Concept, Split
from forethought.nano.glyphs.eval_queries import eval_queries
from forethought.nano.glyphs.splits import Splits


def _bag(key, split, gloss):
    words = ("carry", "money", key)
    return Concept(key, "emoji", f"emoji:{key}", split, key, words, gloss, "objects", "clothing")


def test_a_gloss_of_a_training_concept_is_no_query():
    concepts = (
        _bag("purse", "train", "a container for money"),
        _bag("handbag", "test", "a container for money"),
        _bag("clutch", "test", "a bag without a strap"),
        _bag("wallet", "test", ""),
    )
    styles = {one.concept: frozenset({"noto", "twemoji", "fluent3d"}) for one in concepts}
    clocks: dict[tuple[str, int], Split] = {
        (code_of_face(face), hours): "train" for face in FACES for hours in OFFSETS
    }
    found = eval_queries(Catalogue(concepts, styles, (), Splits({}, {}, clocks, {})))
    glosses = {(one.split, one.query.text, one.relevant) for one in found if one.task == "gloss"}
    assert glosses == {
        ("unseen_concept", "a bag without a strap", ("noto/clutch",)),
        ("unseen_both", "a bag without a strap", ("fluent3d/clutch",)),
    }
