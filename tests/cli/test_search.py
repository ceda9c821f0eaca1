import json
import os
import sys

import PIL.Image
import pytest

from forethought.types import Mode


def paths(pictures):
    return {"PICTURES": pictures, "INSIDE": pictures / "deep" / "sheet.png"}


def has_no_index(folder):
    return not (folder / ".forethought").exists()


def test_prints_the_query_its_rationale_and_the_hits_in_order(run, pictures):
    ran = run("search", "something green", pictures, "--think", "always", "-k", "2")
    assert ran.status == 0
    rationale, hits = ran.out.split("\n\n")
    assert rationale.splitlines() == [
        "query     something green",
        "mode      thought, 7 tokens, ended by itself",
        "thinking  the mean of all colours",
        "answer    a colour",
    ]
    first, second = (line.split(maxsplit=2) for line in hits.splitlines())
    assert first == ["1", first[1], str(pictures / "deep/g.jpg")]
    assert second[0] == "2"
    assert 1 >= float(first[1]) >= float(second[1]) >= -1


def test_the_mode_includes_the_gate_probability(run, pictures):
    assert "mode      direct; gate 0.25\n" in run("search", "red", pictures).out
    ran = run("search", "red or green", pictures, "--think", "auto")
    assert "mode      thought, 7 tokens, ended by itself; gate 0.25\n" in ran.out


def test_index_changes_are_printed_to_standard_error(run, pictures):
    assert f"3 pictures in {pictures} (3 embedded)" in run("search", "red", pictures).err
    (pictures / "r.png").rename(pictures / "moved.png")
    PIL.Image.new("RGB", (9, 9), "white").save(pictures / "new.png")
    err = run("search", "red", pictures).err
    assert f"4 pictures in {pictures} (1 embedded, 1 moved or copied, 1 dropped)" in err
    assert f"4 pictures in {pictures} (nothing new)" in run("search", "red", pictures).err


def test_skipped_files_are_counted_and_the_first_are_listed(run, pictures):
    for n in range(13):
        (pictures / f"empty{n:02}.png").touch()
    ran = run("search", "red", pictures)
    assert ran.status == 0
    assert "13 skipped" in ran.err
    assert "skipped empty00.png: the file is empty; export it again\n" in ran.err
    assert "skipped empty09.png" in ran.err
    assert "skipped empty10.png" not in ran.err
    assert "... and 3 more" in ran.err


def test_json_prints_one_object_to_standard_output(run, pictures):
    (pictures / "empty.png").touch()
    ran = run("search", "blue and green", pictures, "--json", "-k", "1")
    content = json.loads(ran.out)
    assert content["query"] == "blue and green"
    assert (content["model"], content["mode"], content["tokens"]) == ("colour", "thought", 7)
    assert content["gate"] == 0.25
    assert content["rationale"] == {
        "thinking": "the mean of all colours",
        "answer": "a colour",
        "ending": "embed",
    }
    assert [hit["rank"] for hit in content["hits"]] == [1]
    assert content["index"]["embedded"] == 3
    assert content["index"]["skipped"] == [
        {"path": str(pictures / "empty.png"), "reason": "the file is empty; export it again"}
    ]


def test_json_says_what_query_and_documents_were_made_by(run, pictures):
    options = ("--json", "--think", "always", "--think-documents", "never")
    made = json.loads(run("search", "red", pictures, *options).out)["made"]
    assert made["query"] == {
        "modes": ["thought"],
        "side": "query",
        "instructions": [""],
        "settings": ["dtype=float32"],
        "decoding": ["budget=7"],
    }
    assert made["documents"] == {
        "modes": ["direct"],
        "side": "document",
        "instructions": [""],
        "settings": ["dtype=float32"],
        "decoding": [],
        "think": "never",
    }


def test_pictures_may_think_in_an_index_of_their_own(run, pictures, encoder):
    for think, modes in (("always", ["thought"]), ("auto", ["direct", "thought"])):
        ran = run("search", "red", pictures, "--think-documents", think, "--json")
        content = json.loads(ran.out)
        assert content["index"]["embedded"] == 3
        assert content["made"]["documents"]["modes"] == modes
        assert encoder.calls[-1] == ("document", think, None)
    assert "3 embedded" in run("search", "red", pictures).err
    assert "nothing new" in run("search", "red", pictures, "--think-documents", "always").err


def test_a_query_that_does_not_compare_embeds_no_picture(run, pictures, encoder):
    encoder.aligned = ((Mode.DIRECT, Mode.DIRECT), (Mode.THOUGHT, Mode.THOUGHT))
    ran = run("search", "red", pictures, "--think", "always")
    assert ran.status == 2
    assert "only direct with direct, thought with thought" in ran.err
    assert has_no_index(pictures)
    both = ("--think", "always", "--think-documents", "always")
    assert run("search", "red", pictures, *both).status == 0


def test_json_has_null_without_rationale_and_gate(run, pictures):
    content = json.loads(run("search", "blue", pictures, "--json", "--think", "never").out)
    assert (content["gate"], content["rationale"]) == (None, None)


def test_searches_with_a_picture_alone_or_with_text(run, pictures, encoder):
    ran = run("search", "", pictures, "--image", pictures / "b.gif", "-k", 1)
    assert ran.out.split()[-1] == str(pictures / "b.gif")
    encoder.encoded.clear()
    run("search", "red", pictures, "--image", pictures / "b.gif")
    assert encoder.encoded == [str(pictures / "b.gif"), "red"]


def test_stores_the_index_in_the_given_folder(run, pictures, tmp_path):
    ran = run("search", "red", pictures, "--index", tmp_path / "indexes")
    assert ran.status == 0
    assert has_no_index(pictures)
    assert "nothing new" in run("search", "red", pictures, "--index", tmp_path / "indexes").err


def test_draws_a_contact_sheet(run, pictures, tmp_path):
    ran = run("search", "red", pictures, "--sheet", tmp_path / "out.png")
    assert f"contact sheet: {tmp_path / 'out.png'}" in ran.err
    with PIL.Image.open(tmp_path / "out.png") as sheet:
        assert sheet.format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["  ", "PICTURES"], "the query is empty ('  '); give a text, or pass --image"),
        (["red", "nowhere"], "nowhere: no such folder; check the path"),
        (["red", "PICTURES", "-k", "0"], "-k is 0; ask for at least 1 hit"),
        (["red", "PICTURES", "--model", "mega"], "unknown model 'mega'"),
        (["red", "PICTURES", "--image", "no.png"], "no.png: no such file; check the path"),
        (["red", "PICTURES", "--sheet", "no/out.png"], "no/out.png: there is no folder"),
        (["red", "PICTURES", "--sheet", "PICTURES"], "is a folder; name a file in it"),
        (["red", "PICTURES", "--sheet", "INSIDE"], "where the next search would find it"),
    ],
)
def test_bad_input_has_exit_code_2_and_makes_no_index(run, pictures, arguments, message):
    ran = run("search", *[paths(pictures).get(each, each) for each in arguments])
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert message in ran.err
    assert ran.err.count("\n") == 1
    assert has_no_index(pictures)


def test_a_query_that_cannot_be_embedded_makes_no_index(run, pictures, tmp_path):
    PIL.Image.new("RGB", (501, 2)).save(tmp_path / "wide.png")
    ran = run("search", "", pictures, "--image", tmp_path / "wide.png")
    assert ran.status == 2
    assert "wide.png is too wide" in ran.err
    assert has_no_index(pictures)


def test_a_folder_of_damaged_pictures_is_refused(run, tmp_path):
    (tmp_path / "a.png").write_text("words")
    ran = run("search", "red", tmp_path)
    assert ran.status == 2
    assert "skipped a.png: not a picture that Pillow can read" in ran.err
    assert "none of its 1 pictures can be read" in ran.err


def test_a_contact_sheet_may_lie_in_a_hidden_folder_of_the_pictures(run, pictures):
    (pictures / ".sheets").mkdir()
    assert run("search", "red", pictures, "--sheet", pictures / ".sheets/out.png").status == 0
    assert "3 pictures" in run("search", "red", pictures).err


def test_files_of_other_kinds_are_counted(run, tmp_path):
    PIL.Image.new("RGB", (9, 9), "red").save(tmp_path / "one.png")
    for name in ("a.pdf", "b.mp4", "c.svg", "d.SVG", "e.jxl", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    ran = run("search", "red", tmp_path)
    assert (
        f"1 picture in {tmp_path} (1 embedded); passed over: 1 PDF, 1 text, 1 video, "
        "2 SVGs, 1 JPEG XL" in ran.err
    )
    found = json.loads(run("search", "red", tmp_path, "--json").out)["index"]["passed_over"]
    assert found == {"PDF": 1, "text": 1, "video": 1, "SVG": 2, "JPEG XL": 1}


def test_the_options_of_loading_reach_the_loader(run, pictures, monkeypatch, encoder):
    given = {}

    def load(name, **options):
        del name
        given.update(options)
        return encoder

    monkeypatch.setattr("forethought.encoders.load", load)
    options = ["--device", "cpu", "--family", "ume_r1", "--dtype", "bfloat16"]
    assert run("search", "red", pictures, *options, "--batch-size", "2").status == 0
    assert (given["device"], given["family"]) == ("cpu", "ume_r1")
    assert given["load_options"].dtype == "bfloat16"
    assert "unknown dtype 'int3'" in run("search", "red", pictures, "--dtype", "int3").err


@pytest.mark.parametrize("name", ["tab\tname", "new\nline", os.fsdecode(b"latin\xe9")])
def test_an_odd_folder_name_is_refused_by_name_and_an_index_elsewhere_works(run, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    PIL.Image.new("RGB", (9, 9), "red").save(folder / "one.png")
    ran = run("search", "red", folder)
    assert ran.status == 2
    assert "an index cannot be stored there, as the path" in ran.err
    assert "name another directory with --index DIR" in ran.err
    assert has_no_index(folder)
    ran = run("search", "red", folder, "--index", tmp_path / "indexes", "--json")
    assert ran.status == 0
    assert len(json.loads(ran.out)["hits"]) == 1


def test_lancedb_is_needed_only_where_pictures_have_changed(run, pictures, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    ran = run("search", "red", pictures)
    assert ran.status == 1
    assert "lancedb is not installed; pip install lancedb" in ran.err
    assert has_no_index(pictures)
    monkeypatch.undo()
    assert run("search", "red", pictures).status == 0
    monkeypatch.setitem(sys.modules, "lancedb", None)
    ran = run("search", "red", pictures, "-k", "1")
    assert ran.status == 0
    assert "3 pictures" in ran.err
    assert str(pictures / "r.png") in ran.out
    (pictures / "r.png").unlink()
    ran = run("search", "red", pictures)
    assert ran.status == 1
    assert "lancedb is not installed; pip install lancedb" in ran.err


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.mp4", "a video, and a search takes a picture"), ("a.PDF", "save a page of it as PNG")],
)
def test_a_picture_to_search_with_is_no_video_or_pdf(run, pictures, name, message):
    ran = run("search", "", pictures, "--image", name)
    assert ran.status == 2
    assert f"--image {name}: " in ran.err
    assert message in ran.err


def test_a_contact_sheet_of_another_format_is_refused_before_any_work(run, pictures, tmp_path):
    ran = run("search", "red", pictures, "--sheet", tmp_path / "hits.jpg")
    assert ran.status == 2
    assert "hits.jpg: a contact sheet is a PNG; end its name in .png" in ran.err
    assert not (pictures / ".forethought").exists()
