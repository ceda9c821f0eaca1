import json
import re

import numpy as np
import pytest

import forethought.encoders
from forethought.rationales import RationaleStore
from tests.rationales.rows import key, row


@pytest.fixture
def folder(tmp_path):
    RationaleStore(tmp_path / "past").keep([row(number) for number in range(3)])
    return tmp_path / "past"


@pytest.fixture
def thinker(monkeypatch, encoder, tiny_encoder):  # noqa: ARG001 - it takes its place
    """The one model there is can think."""
    monkeypatch.setattr(forethought.encoders, "load", lambda name, **_: tiny_encoder)
    return tiny_encoder


def embed(run, tmp_path, *more):
    items = [{"id": name, "text": f"{name}, square"} for name in ("red", "green", "blue")]
    stdin = "".join(f"{json.dumps(item)}\n" for item in items)
    out = tmp_path / "out.npz"
    words = ("embed", "-", "-o", out, "--think", "always", "--rationales", tmp_path / "new")
    ran = run(*words, *more, stdin=stdin)
    assert ran.status == 0
    with np.load(out) as arrays:
        return ran, arrays["vector"], arrays["tokens"]


@pytest.mark.usefixtures("thinker")
def test_embedding_again_recalls_and_an_edit_moves_one_vector(run, tmp_path):
    ran, vectors, tokens = embed(run, tmp_path)
    assert f"{tmp_path / 'new'}: 0 rationales recalled, 3 added" in ran.err
    assert (tokens > 0).all()
    listed = run("rationales", "list", tmp_path / "new")
    assert "3 rationales, 0 edited" in listed.err
    (digits,) = re.findall(r"^(\w{12}) .* red, square: ", listed.out, re.MULTILINE)
    assert run("rationales", "edit", digits, tmp_path / "new", "--thinking", "no").status == 0
    ran, again, tokens = embed(run, tmp_path)
    assert "3 rationales recalled, 0 added" in ran.err
    assert tokens.tolist() == [0, 0, 0]
    assert np.abs(again[0] - vectors[0]).max() > 1e-3
    np.testing.assert_allclose(again[1:], vectors[1:], atol=1e-5)


@pytest.mark.usefixtures("thinker")
def test_what_cannot_be_read_is_said(run, tmp_path):
    embed(run, tmp_path)
    store = RationaleStore(tmp_path / "new")
    file = tmp_path / "rows.jsonl"
    run("rationales", "export", file, store.folder)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[1]["token_ids"] = [1]
    file.write_text("\n".join(map(json.dumps, lines)))
    for database in store.folder.iterdir():
        database.unlink()
    assert run("rationales", "import", file, store.folder).status == 0
    ran, _, tokens = embed(run, tmp_path)
    assert "2 rationales recalled, 0 added, 1 thought of again" in ran.err
    assert sorted(tokens > 0) == [False, False, True]


def test_list_has_a_line_for_each(run, folder):
    RationaleStore(folder).edit(key(1), answer="a\x1b[31m tiger")
    ran = run("rationales", "list", folder)
    assert ran.status == 0
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert lines[key(0)[:12]] == "3  length     0.png + what is it?: answer 0"
    assert lines[key(1)[:12]] == "3  edited     1.png + what is it?: a [31m tiger"
    assert "3 rationales, 1 edited" in ran.err


def test_show_tells_everything_and_what_was_before(run, folder):
    RationaleStore(folder).edit(key(2), answer="a tiger")
    out = run("rationales", "show", key(2)[:10], folder).out
    told = [line.split(maxsplit=1) for line in out.splitlines()]
    assert [name for name, _ in told] == [
        *("key", "of", "reasoner", "created", "tokens", "thinking", "answer"),
        *("edited", "was", "thinking", "answer"),
    ]
    assert told[6][1] == "a tiger"
    assert told[10][1] == "answer 2"
    assert told[8][1] == "length"
    assert told[5][1] == "thinking of 2 é"


def test_an_export_is_imported_elsewhere(run, folder, tmp_path):
    file = tmp_path / "rows.jsonl"
    RationaleStore(folder).edit(key(2), answer="a tiger")
    assert f"{file}: 3 rationales" in run("rationales", "export", file, folder).err
    ran = run("rationales", "import", file, tmp_path / "other")
    assert "3 added, 0 edited, 0 left as they were" in ran.err
    assert list(RationaleStore(tmp_path / "other")) == list(RationaleStore(folder))
    again = run("rationales", "import", file, tmp_path / "other")
    assert "0 added, 0 edited, 3 left as they were" in again.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "{empty}"), r"no rationales here \(there is no rationales.sqlite\)"),
        (("show", "zz", "{folder}"), "no rationale in .* starts with 'zz'; `forethought"),
        (("edit", key(1), "{folder}"), "nothing to edit: give --thinking, --answer, or both"),
        (("export", "{empty}", "{folder}"), "is a folder; name a file in it"),
        (("import", "{empty}/none.jsonl", "{folder}"), "no such file; check the path"),
        (("import", "{bad}", "{folder}"), "line 1: not JSON"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(run, folder, tmp_path, words, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").write_text("{")
    places = {name: tmp_path / name for name in ("empty", "bad")} | {"folder": folder}
    ran = run("rationales", *(word.format(**places) for word in words))
    assert ran.status == 2
    assert re.search(said, ran.err)
    assert ran.err.count("\n") == 1
    assert len(RationaleStore(folder)) == 3


@pytest.mark.parametrize(
    ("think", "said"),
    [
        ("never", "with --think never: nothing is thought, so nothing is remembered; leave"),
        ("auto", "colour writes no rationales; leave the option out, or embed with --model nano"),
    ],
)
def test_remembering_where_nothing_is_written_is_refused(run, tmp_path, think, said):
    words = ("embed", "-", "-o", tmp_path / "out.npz", "--rationales", tmp_path / "new")
    ran = run(*words, "--think", think, stdin='{"text": "red"}\n')
    assert ran.status == 2
    assert said in ran.err
    assert not (tmp_path / "new").exists()
