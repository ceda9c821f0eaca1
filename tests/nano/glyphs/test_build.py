import io
import json
import shutil

import PIL.Image
import pyarrow.parquet as pq
import pytest

from forethought.nano.glyphs import build_glyphs
from forethought.nano.glyphs.splits import read_splits


@pytest.fixture(scope="session")
def folder(built):
    """The data set of the hand-made packages."""
    return built.folder


def _rows(folder, table):
    return pq.read_table(folder / f"{table}.parquet").to_pylist()


def _of(rows, task, split=None):
    return [row for row in rows if row["task"] == task and split in {None, row["split"]}]


def _sides(rows):
    return [
        {field: row[f"{side}_{field}"] for field in ("text", "picture", "concept", "thinking")}
        for row in rows
        for side in ("query", "document")
    ]


def test_the_same_packages_give_the_same_bytes(folder, cache, tmp_path):
    build_glyphs(tmp_path / "again", cache)
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert written == again
    assert len(written) == 10  # eight tables, the manifest, the licences


def test_draws_nothing_twice(folder, cache, tmp_path):
    calls = []
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    build_glyphs(tmp_path, cache, progress=lambda *call: calls.append(call))
    # Twelve packages, then the seven tables beside the pictures.
    stages = [(12, "packages")] * 12 + [(19, "tables")] * 7
    assert calls == [(done, total, name) for done, (total, name) in enumerate(stages, start=1)]


def test_progress_counts_the_pictures(built):
    drawn = len(_rows(built.folder, "pictures"))
    assert [call[0] for call in built.progress] == list(range(1, 12 + drawn + 7 + 1))
    assert built.progress[12] == (13, 12 + drawn, "pictures")


def test_pictures_are_square_on_white(folder):
    for row in _rows(folder, "pictures"):
        picture = PIL.Image.open(io.BytesIO(row["png"]))
        assert (picture.size, picture.mode) == ((112, 112), "RGB")
        assert picture.getpixel((0, 0)) == (255, 255, 255)
        assert row["picture"] == f"{row['style']}/{row['concept']}"
        assert row["licence"]
        assert "@" in row["package"]


def test_a_held_out_style_is_in_no_example(folder):
    for side in _sides(_rows(folder, "examples")):
        assert not side["picture"].startswith(("fluent3d/", "lucide/"))
        assert not side["picture"].startswith("twemoji/flag-")


def test_a_held_out_concept_is_in_no_example(folder):
    held = {one["concept"] for one in _rows(folder, "concepts") if one["split"] == "test"}
    assert {"1f0cf", "1f511", "icon-umbrella"} <= held
    assert not held & {side["concept"] for side in _sides(_rows(folder, "examples"))}


def test_a_dev_concept_is_in_no_train_example(folder):
    examples = _rows(folder, "examples")
    pizza = {row["split"] for row in examples if row["query_concept"] == "1f355"}
    assert pizza == {"dev"}


def test_a_held_out_question_is_in_no_example_but_its_fact_is_a_statement(folder):
    # The committed splits hold out Peru's capital and Bolivia's currency.
    examples = _rows(folder, "examples")
    texts = {row["query_text"] for row in _of(examples, "flag_question")}
    answered = {
        (row["query_concept"], row["query_answer"]) for row in _of(examples, "country_question")
    }
    assert "flag of the country whose capital is Sucre" in texts
    assert "flag of the country whose capital is Lima" not in texts
    assert ("flag-bo", "Sucre") in answered
    assert ("flag-bo", "Bolivian boliviano") not in answered
    statements = {row["text"] for row in _rows(folder, "statements")}
    assert {"The capital of Peru is Lima.", "Lima is the capital of Peru."} <= statements
    assert "The currency of Bolivia is the Bolivian boliviano." in statements


def test_no_benchmark_query_is_an_example(folder):
    examples = {
        (row["task"], row["query_text"], row["query_picture"])
        for row in _rows(folder, "examples")
        if row["task"] != "flag"  # there only the pictures are unseen
    }
    queries = [row for row in _rows(folder, "queries") if row["task"] != "flag"]
    unseen = [row for row in queries if row["split"] != "unseen_style"]
    assert len(unseen) > 50
    for row in unseen:
        assert (row["task"], row["query_text"], row["query_picture"]) not in examples


def test_a_held_out_sum_is_in_no_example(folder):
    examples = {
        (row["query_concept"], row["query_text"]) for row in _of(_rows(folder, "examples"), "clock")
    }
    held = [key for key, split in read_splits().clocks.items() if split == "test"]
    assert len(held) > 100
    for row in _of(_rows(folder, "queries"), "clock"):
        assert (row["query_picture"].split("/")[1], row["query_text"]) not in examples


def test_every_right_answer_is_among_the_candidates(folder):
    pools: dict[tuple[str, str], list[str]] = {}
    for row in _rows(folder, "candidates"):
        pools.setdefault((row["task"], row["split"]), []).append(row["document"])
    queries = _rows(folder, "queries")
    assert {(row["task"], row["split"]) for row in queries} <= set(pools)
    for row in queries:
        assert row["relevant"]
        assert set(row["relevant"]) <= set(pools[row["task"], row["split"]])
    assert all(len(set(found)) == len(found) for found in pools.values())


def test_every_variant_with_the_keywords_of_a_query_is_relevant(folder):
    words = {one["concept"]: set(one["keywords"]) for one in _rows(folder, "concepts")}
    for row in _of(_rows(folder, "queries"), "keywords", "unseen_style"):
        query = set(row["query_text"].split(", "))
        right = {f"fluent3d/{code}" for code in ("1f34e", "1f34f") if query <= words[code]}
        assert right <= set(row["relevant"])


def test_a_thing_is_named_without_thinking(folder):
    rows = _of(_rows(folder, "examples"), "style")
    assert {row["query_answer"] for row in rows if row["query_concept"] == "1f40d"} == {"snake"}
    assert {row[f"{side}_thinking"] for row in rows for side in ("query", "document")} == {""}


def test_a_gloss_of_another_meaning_is_left_out(folder):
    glosses = {one["name"]: one["gloss"] for one in _rows(folder, "concepts")}
    assert glosses["key"] == "metal device for a lock"
    assert glosses["pizza"] == ""


def test_a_gloss_of_an_example_is_no_benchmark_query(folder):
    trained = {row["query_text"] for row in _of(_rows(folder, "examples"), "gloss")}
    queries = _of(_rows(folder, "queries"), "gloss")
    assert "limbless scaly elongate reptile; some are venomous" in trained
    assert {row["query_text"] for row in queries} == {"metal device for a lock"}
    pools = {row["split"] for row in _of(_rows(folder, "candidates"), "gloss")}
    assert {row["split"] for row in queries} == pools == {"unseen_concept", "unseen_both"}


def test_brands_are_left_out(folder):
    names = {one["concept"] for one in _rows(folder, "concepts") if one["kind"] == "icon"}
    assert names == {"icon-home", "icon-home-off", "icon-umbrella"}


def test_the_manifest_counts_the_rows(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["counts"]["examples"] == len(_rows(folder, "examples"))
    clocks = len(_of(_rows(folder, "queries"), "clock", "held_sum_unseen_style"))
    assert manifest["counts"]["queries/clock/held_sum_unseen_style"] == clocks
    assert manifest["packages"]["openmoji"] == "17.0.0"


def test_every_source_is_credited(folder):
    licences = (folder / "LICENSES.md").read_text()
    for package in {row["package"] for row in _rows(folder, "pictures")}:
        assert package in licences
