import errno
import json

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.types import Text

NAMES = {"id", "vector", "mode", "thinking", "answer", "ending", "tokens"}


def lines(*items):
    return "".join(item if isinstance(item, str) else json.dumps(item) + "\n" for item in items)


def test_writes_parquet_with_vectors_and_rationales(run, pictures, tmp_path):
    out = tmp_path / "out.parquet"
    stdin = lines({"id": "two", "text": "red green"}, {"id": 7, "text": "red"})
    ran = run("embed", pictures, "-", "-o", out, stdin=stdin)
    assert ran.status == 0
    assert f"{out}: 5 vectors of 5 dimensions" in ran.err
    table = pq.read_table(out)
    assert set(table.column_names) == NAMES
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 5)
    rows = {row["id"]: row for row in table.to_pylist()}
    folder = [str(pictures / name) for name in ("b.gif", "deep/g.jpg", "r.png")]
    assert list(rows) == [*folder, "two", "7"]
    assert (rows["two"]["mode"], rows["two"]["tokens"]) == ("thought", 7)
    assert rows["two"]["answer"] == "a colour"
    assert rows["two"]["ending"] == "embed"
    assert (rows["7"]["mode"], rows["7"]["thinking"]) == ("direct", None)
    about = table.schema.metadata
    assert (about[b"model"], about[b"side"], about[b"think"]) == (b"colour", b"document", b"auto")
    assert about[b"settings"] == b'["dtype=float32"]'
    assert about[b"decoding"] == b'["budget=7"]'


def test_npz_has_the_same_columns_without_pickle(run, pictures, tmp_path):
    for out in ("out.npz", "out.parquet"):
        run("embed", pictures, "-o", tmp_path / out, "--think", "always")
    table = pq.read_table(tmp_path / "out.parquet").to_pydict()
    with np.load(tmp_path / "out.npz", allow_pickle=False) as arrays:
        assert arrays["vector"].dtype == np.float32
        assert arrays["vector"].tolist() == table.pop("vector")
        assert {name: arrays[name].tolist() for name in table} == table
        assert str(arrays["about_model"]) == "colour"
        about = ("model", "revision", "side", "think", "instructions", "settings", "decoding")
        # NumPy before 2 stores an argument that it does not know as an array.
        assert set(arrays.files) == NAMES | {f"about_{name}" for name in about}


def test_side_and_instruction_reach_the_encoder(run, pictures, encoder, tmp_path):
    options = ["--side", "query", "--think", "never", "--instruction", "what is it for?"]
    run("embed", pictures / "r.png", "-o", tmp_path / "out.npz", *options)
    assert encoder.calls == [("query", "never", "what is it for?")]


def test_reads_json_lines_from_a_file_with_pictures_before_text(run, pictures, encoder):
    file = pictures / "inputs.jsonl"
    file.write_text(lines({"text": "red", "image": str(pictures / "b.gif")}, "\n"))
    ran = run("embed", file, "-o", pictures / "out.parquet")
    assert ran.status == 0
    assert encoder.encoded == [str(pictures / "b.gif"), "red"]
    assert pq.read_table(pictures / "out.parquet")["id"].to_pylist() == ["1"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json\n", "line 2: not JSON"),
        ("[1]\n", 'line 2: not an object; write {"id"'),
        ({"id": "x"}, 'line 2: both "text" and "image" are empty'),
        ({"text": "  "}, 'line 2: both "text" and "image" are empty'),
        ({"text": 5}, 'line 2: "text" is 5; use a string'),
        ({"image": "no.png"}, "line 2: no.png: no such picture; check the path"),
        ({"id": [1], "text": "red"}, 'line 2: "id" is [1]; use a string or a whole number'),
        ({"text": "\ud800"}, 'line 2: "text" has an unpaired surrogate'),
        pytest.param({"image": "x" * 5000}, "no such picture; check the path", id="long"),
        pytest.param("[" * 200_000 + "\n", "line 2: not JSON", id="deep"),
        ({"text": "red", "vidoe": "a.mp4"}, "line 2: unknown key 'vidoe'; did you mean \"video\"?"),
        ({"text": "red", "Image": "a.png"}, "line 2: unknown key 'Image'; did you mean \"image\"?"),
        ({"text": "red", "zz": 1}, "unknown key 'zz'; known: id, text, image, images, video, pdf,"),
        ('{"text": "red", "text": "green"}\n', "line 2: the key 'text' appears twice"),
        ({"image": "a.png", "images": []}, 'line 2: both "image" and "images"'),
        ({"images": ["a.png", 5]}, "line 2: \"images\" is ['a.png', 5]; use a list of paths"),
        ({"image": {"a": 1}}, "line 2: \"image\" is {'a': 1}; use a string, or a list"),
        ({"video": "no.mp4"}, "line 2: no.mp4: no such video; check the path"),
        ({"pdf": ["a.pdf"]}, "line 2: \"pdf\" is ['a.pdf']; use a string"),
        ({"text": "red", "pages": "1"}, 'line 2: "pages" without "pdf"'),
        ({"pdf": "a.pdf", "pages": True}, 'line 2: "pages" is True; write numbers from 1'),
        ({"text": "red", "instruction": 3}, 'line 2: "instruction" is 3; use a string'),
        ({"instruction": "Name it."}, 'line 2: both "text" and "image" are empty'),
        ({"image": "a\0b"}, "no such picture; check the path"),
        ({"image": "TORN"}, "not a picture that Pillow can read"),
        ({"image": "WIDE"}, "is too wide"),
    ],
)
def test_an_invalid_line_is_named_and_nothing_is_written(run, tmp_path, line, reason):
    (tmp_path / "torn.png").write_text("words")
    PIL.Image.new("RGB", (501, 2)).save(tmp_path / "wide.png")
    if isinstance(line, dict) and str(line.get("image")) in {"TORN", "WIDE"}:
        line = {"image": str(tmp_path / f"{line['image'].lower()}.png")}
    stdin = lines({"text": "red"}, line, {"text": "green"})
    out = tmp_path / "out.parquet"
    ran = run("embed", "-", "-o", out, stdin=stdin)
    assert ran.status == 2
    assert ran.err.startswith("error: line 2: ")
    assert reason in ran.err
    assert "Nothing is written; correct this or pass --skip-bad" in ran.err
    assert not out.exists()
    ran = run("embed", "-", "-o", out, "--skip-bad", stdin=stdin)
    assert ran.status == 0
    assert "skipped line 2: " in ran.err
    assert "2 vectors of 5 dimensions, 1 skipped" in ran.err
    assert pq.read_table(out)["id"].to_pylist() == ["1", "3"]


def test_many_invalid_lines_are_counted(run, tmp_path):
    stdin = "bad\n" * 5
    ran = run("embed", "-", "-o", tmp_path / "out.npz", stdin=stdin)
    assert "line 3: " in ran.err
    assert "line 4: " not in ran.err
    assert "; and 2 more. Nothing is written" in ran.err


def test_a_failure_leaves_the_previous_file_unchanged(run, pictures, tmp_path):
    out = tmp_path / "out.npz"
    run("embed", pictures, "-o", out)
    before = out.read_bytes()
    (pictures / "torn.png").write_text("words")
    assert run("embed", pictures, "-o", out).status == 2
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["PICTURES", "-o", "out.csv"], "unknown suffix '.csv'; write to a .parquet or .npz file"),
        (["PICTURES", "-o", "no/out.npz"], "there is no folder"),
        (["nowhere.png"], "nowhere.png: no such file or folder; check the path"),
        (["-"], "nothing to embed"),
        (["PICTURES", "--model", "mega", "-o", "OUT"], "unknown model 'mega'"),
    ],
)
def test_bad_input_has_exit_code_2_and_one_line(run, pictures, tmp_path, arguments, message):
    paths = {"PICTURES": pictures, "OUT": tmp_path / "out.npz"}
    ran = run("embed", *[paths.get(argument, argument) for argument in arguments])
    assert ran.status == 2
    assert message in ran.err
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1


def test_several_pictures_of_a_line_come_in_order_before_its_text(run, pictures, encoder, tmp_path):
    names = [str(pictures / "r.png"), str(pictures / "b.gif")]
    for key in ("image", "images"):
        encoder.encoded.clear()
        ran = run("embed", "-", "-o", tmp_path / "o.npz", stdin=lines({"text": "red", key: names}))
        assert ran.status == 0
        assert encoder.encoded == [*names, "red"]


def test_an_instruction_of_a_line_goes_with_its_message(run, monkeypatch, encoder, tmp_path):
    encoded = []
    encode = type(encoder).encode

    def record(self, inputs, **options):
        encoded.extend(inputs)
        return encode(self, inputs, **options)

    monkeypatch.setattr(type(encoder), "encode", record)
    stdin = lines(
        {"text": "red", "instruction": "Name it."},
        {"text": "red", "instruction": ""},
        {"text": "red", "instruction": None},
    )
    ran = run("embed", "-", "-o", tmp_path / "out.npz", "--side", "query", stdin=stdin)
    assert ran.status == 0
    assert [(each.instruction, each.side) for each in encoded[:2]] == [
        ("Name it.", "query"),
        ("", "query"),
    ]
    assert encoded[2] == [Text("red")]


def test_pages_of_a_pdf_by_option_and_by_line(run, encoder, tmp_path):
    pdf = tmp_path / "three.pdf"
    first, *others = (PIL.Image.new("RGB", (20, 30), each) for each in ("red", "lime", "blue"))
    first.save(pdf, save_all=True, append_images=others)
    out = tmp_path / "out.npz"
    assert run("embed", pdf, "-o", out, "--pages", "2-").status == 0
    assert encoder.encoded == [f"{pdf}, page 2", f"{pdf}, page 3"]
    encoder.encoded.clear()
    stdin = lines(
        {"pdf": str(pdf), "pages": "3,1"}, {"pdf": str(pdf)}, {"pdf": str(pdf), "pages": 2}
    )
    assert run("embed", "-", "-o", out, "--pages", "1", stdin=stdin).status == 0
    assert encoder.encoded == [f"{pdf}, page {number}" for number in (3, 1, 1, 2)]
    ran = run("embed", "-", "-o", out, stdin=lines({"pdf": str(pdf), "pages": "4"}))
    assert "no pages '4'; it has 1 to 3" in ran.err


def test_options_that_meet_no_input_of_their_kind_are_refused(run, pictures, tmp_path):
    out = ["-o", tmp_path / "out.npz"]
    assert "none of the inputs is a PDF" in run("embed", pictures, "--pages", "1", *out).err
    assert "none of the inputs is a video" in run("embed", pictures, "--fps", "1", *out).err
    ran = run("embed", pictures, "--fps", "1", "--frames", "2", *out)
    assert "--fps 1.0 and --frames 2: give one of them" in ran.err


def test_counts_what_a_folder_holds_besides_pictures(run, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    PIL.Image.new("RGB", (9, 9), "red").save(folder / "one.png")
    for name in ("a.pdf", "b.mov", "c.svg"):
        (folder / name).write_bytes(b"x")
    err = run("embed", folder, "-o", tmp_path / "out.npz").err
    assert "1 vector of 5 dimensions; passed over: 1 PDF, 1 video, 1 SVG\n" in err


def test_a_full_disk_names_the_output(run, pictures, monkeypatch, tmp_path):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "Error writing bytes to file")

    monkeypatch.setattr(np, "savez", full)
    out = tmp_path / "out.npz"
    ran = run("embed", pictures, "-o", out)
    assert ran.status == 1
    assert ran.err.startswith(f"error: {out}: No space left on device; free some space")
    assert list(tmp_path.glob(".out*")) == []


def test_the_reasons_are_printed_where_no_input_is_left(run, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    out = tmp_path / "out.npz"
    ran = run("embed", tmp_path / "bad.png", "-o", out, "--skip-bad")
    assert ran.status == 2
    assert f"skipped {tmp_path / 'bad.png'}: " in ran.err
    assert "none of the inputs can be embedded; nothing is written" in ran.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pages", "first"], "--pages: pages 'first' cannot be parsed"),
        (["--pages", "3-1"], "--pages: no pages '3-1'; write the smaller number first"),
        (["--frames", "0"], "--frames is 0; it must be at least 1"),
        (["--fps", "nan"], "--fps is nan; it must be a positive number"),
    ],
)
def test_a_wrong_value_is_named_by_its_option(run, pictures, tmp_path, options, message):
    ran = run("embed", pictures, "-o", tmp_path / "out.npz", *options)
    assert ran.status == 2
    assert message in ran.err
    assert "--skip-bad" not in ran.err


def test_a_text_as_an_input_is_told_the_way(run, tmp_path):
    ran = run("embed", "a red apple", "-o", tmp_path / "out.npz")
    assert ran.status == 2
    assert 'pass a text as a line {"text": ...} of a .jsonl file or to -' in ran.err
    assert "text" not in run("embed", "nowhere.png", "-o", tmp_path / "out.npz").err
