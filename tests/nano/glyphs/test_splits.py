import dataclasses
from collections import Counter

import pytest

from forethought.errors import DataError
from forethought.nano.glyphs.clocks import FACES, OFFSETS, code_of_face
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.splits import FOLDER, propose, read_splits, write_splits


def _concept(key, kind, family):
    return Concept(key, kind, family, "train", key, (), "", "", "")


def test_all_of_a_committed_family_are_in_one_split():
    splits: dict[str, set[str]] = {}
    for family, split in read_splits().concepts.values():
        splits.setdefault(family, set()).add(split)
    assert not {family for family, found in splits.items() if len(found) > 1}


def test_an_icon_of_the_name_of_a_held_out_emoji_is_held_out():
    of_name = dict(read_splits().concepts.values())
    held = [one for one, split in of_name.items() if one.startswith("emoji:") and split != "train"]
    assert len(held) > 200
    for family in held:
        icon = family.replace("emoji:", "icon:").replace(" ", "-")
        assert of_name.get(icon, of_name[family]) == of_name[family]


def test_committed_shares_are_near_the_intended_ones():
    splits = read_splits()
    emoji = {f: s for f, s in splits.concepts.values() if f.startswith("emoji:")}
    assert Counter(emoji.values())["test"] / len(emoji) == pytest.approx(0.20, abs=0.02)
    assert Counter(splits.relations.values())["test"] / len(splits.relations) == pytest.approx(
        0.20, abs=0.02
    )
    assert Counter(splits.clocks.values())["test"] / 528 == pytest.approx(0.25, abs=0.02)


def test_clock_faces_are_in_training_and_every_sum_has_a_split():
    splits = read_splits()
    assert {splits.concepts[code_of_face(face)] for face in FACES} == {("clock", "train")}
    assert len(splits.clocks) == len(FACES) * len(OFFSETS) == 528


def test_the_draw_of_a_country_does_not_depend_on_its_facts(bolivia):
    committed = read_splits()
    bare = dataclasses.replace(bolivia, capitals=(), subregion="", borders=())
    codes = sorted({code for code, _ in committed.relations})
    assert len(codes) == 194
    drawn = propose([], [dataclasses.replace(bare, code=code) for code in codes])
    assert drawn.relations == committed.relations
    assert drawn.clocks == committed.clocks


def test_the_draw_of_a_family_depends_on_its_name_alone():
    concepts = [_concept(f"icon-{at}", "icon", f"icon:{at // 3}") for at in range(30)]
    drawn = propose(concepts, [])
    assert propose(reversed(concepts), []) == drawn
    assert propose(concepts[:7], []).concepts.items() <= drawn.concepts.items()
    for at in range(0, 30, 3):
        assert len({drawn.concepts[f"icon-{at + turn}"] for turn in range(3)}) == 1


def test_written_splits_are_read_back(tmp_path):
    drawn = propose([_concept("1f40d", "emoji", "emoji:snake")], [])
    write_splits(drawn, tmp_path)
    assert read_splits(tmp_path) == drawn


def test_refuses_damaged_files(tmp_path):
    with pytest.raises(DataError, match=r"concepts\.tsv is missing"):
        read_splits(tmp_path)
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "relations.tsv").write_text("country\trelation\tsplit\nbo\tcapital\ttomorrow\n")
    with pytest.raises(DataError, match="unknown split 'tomorrow'; known: train, dev, test"):
        read_splits(tmp_path)
    (tmp_path / "clocks.tsv").write_text("face\toffset\tsplit\n1f550\t3\n")
    (tmp_path / "relations.tsv").write_text("country\trelation\tsplit\n")
    with pytest.raises(DataError, match=r"clocks\.tsv, line 2: 2 fields"):
        read_splits(tmp_path)
