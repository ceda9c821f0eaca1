from forethought.nano.glyphs.variants import emoji_marks, icon_family, join_families

PEOPLE = {
    "1f9d1-200d-1f692": "firefighter",
    "1f468-200d-1f692": "man firefighter",
    "1f469-1f3fd-200d-1f692": "woman firefighter: medium skin tone",
    "1f3c3": "person running",
    "1f3c3-200d-2640-200d-27a1": "woman running: facing right",
    "1f40d": "snake",
}


def _families(names):
    return join_families({code: emoji_marks(code, name) for code, name in names.items()})


def test_person_skin_and_direction_make_no_new_family():
    families = _families(PEOPLE)
    assert families["1f9d1-200d-1f692"] == families["1f468-200d-1f692"]
    assert families["1f9d1-200d-1f692"] == families["1f469-1f3fd-200d-1f692"]
    assert families["1f3c3"] == families["1f3c3-200d-2640-200d-27a1"]
    assert len(set(families.values())) == 3


def test_colour_and_size_make_no_new_family():
    found = _families({"2764": "red heart", "1f499": "blue heart", "25ab": "white small square"})
    assert found["2764"] == found["1f499"] == "heart"
    assert found["25ab"] == "square"


def test_an_animal_and_its_face_are_one_family():
    found = _families({"1f402": "ox", "1f42d": "mouse face", "1f401": "mouse"})
    assert found == {"1f402": "ox", "1f42d": "mouse", "1f401": "mouse"}


def test_marks_join_families_through_others():
    # a and b share code points, b and c share a name.
    marks = {
        "a": ("1", "king"),
        "b": ("1", "queen"),
        "c": ("2", "queen"),
        "d": ("3", "pawn"),
    }
    found = join_families(marks)
    assert found["a"] == found["b"] == found["c"] != found["d"]


def test_an_icon_keeps_its_stem():
    assert icon_family("bell-off") == icon_family("bell-2-plus") == icon_family("bell") == "bell"
    assert icon_family("arrow-big-up") == "arrow"
    assert icon_family("off") == "off"
