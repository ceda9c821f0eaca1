import json
import re
import shutil

import numpy as np
import pytest
import torch

import forethought.encoders
from forethought.encoders import LogisticGate, load
from forethought.rationales import RationaleStore
from tests.rationales.rows import key, row


@pytest.fixture
def folder(tmp_path):
    RationaleStore(tmp_path / "stored").add([row(number) for number in range(3)])
    return tmp_path / "stored"


@pytest.fixture
def thinker(monkeypatch, encoder, tiny_encoder):  # noqa: ARG001 - replaces its `load`
    """Replaces `load`: the only model is one that generates rationales."""
    monkeypatch.setattr(forethought.encoders, "load", lambda name, **_: tiny_encoder)
    return tiny_encoder


def embed(run, tmp_path, *more):
    items = [{"id": name, "text": f"{name}, square"} for name in ("red", "green", "blue")]
    stdin = "".join(f"{json.dumps(item)}\n" for item in items)
    out = tmp_path / "out.npz"
    arguments = ("embed", "-", "-o", out, "--think", "always", "--rationales", tmp_path / "new")
    ran = run(*arguments, *more, stdin=stdin)
    assert ran.status == 0
    with np.load(out) as arrays:
        return ran, arrays["vector"], arrays["tokens"]


@pytest.mark.usefixtures("thinker")
def test_embedding_again_reuses_rationales_and_an_edit_changes_one_vector(run, tmp_path):
    ran, vectors, tokens = embed(run, tmp_path)
    assert f"{tmp_path / 'new'}: 0 rationales reused, 3 added" in ran.err
    assert (tokens > 0).all()
    listed = run("rationales", "list", tmp_path / "new")
    assert "3 rationales, 0 edited" in listed.err
    (digits,) = re.findall(r"^(\w{12}) .* red, square: ", listed.out, re.MULTILINE)
    assert run("rationales", "edit", digits, tmp_path / "new", "--thinking", "no").status == 0
    ran, again, tokens = embed(run, tmp_path)
    assert "3 rationales reused, 0 added" in ran.err
    assert tokens.tolist() == [0, 0, 0]
    assert np.abs(again[0] - vectors[0]).max() > 1e-3
    np.testing.assert_allclose(again[1:], vectors[1:], atol=1e-5)


@pytest.mark.usefixtures("thinker")
def test_a_rationale_that_was_edited_to_be_too_long_is_skipped_alone(run, tmp_path):
    _, vectors, _ = embed(run, tmp_path)
    listed = run("rationales", "list", tmp_path / "new")
    (digits,) = re.findall(r"^(\w{12}) .* green, square: ", listed.out, re.MULTILINE)
    long = ("--thinking", "wordy " * 200)
    assert run("rationales", "edit", digits, tmp_path / "new", *long).status == 0
    ran, again, tokens = embed(run, tmp_path, "--skip-bad")
    assert re.search(r"^skipped line 2: a prompt of .* rationales edit`", ran.err, re.MULTILINE)
    assert tokens.tolist() == [0, 0]
    np.testing.assert_allclose(again, vectors[[0, 2]], atol=1e-5)


@pytest.mark.usefixtures("thinker")
def test_an_unreadable_rationale_is_generated_again(run, tmp_path):
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
    assert "2 rationales reused, 0 added, 1 generated again" in ran.err
    assert sorted(tokens > 0) == [False, False, True]


@pytest.mark.parametrize(
    ("bias", "why"),
    [
        (-30.0, "the gate of tiny chose direct vectors for every input"),
        (None, "tiny has no gate, and embeds directly on the document side"),
    ],
    ids=["gate that never opens", "no gate"],
)
def test_a_store_that_nothing_is_added_to_is_explained(
    run, monkeypatch, tiny_model, tmp_path, bias, why
):
    monkeypatch.setattr(forethought.encoders, "load", load)
    model = tmp_path / "model"
    shutil.copytree(tiny_model, model)
    if bias is not None:
        LogisticGate(torch.zeros(32), bias, 0.4, "nothing").save(model)
    ran, _, tokens = embed(run, tmp_path, "--model", model, "--device", "cpu", "--think", "auto")
    assert tokens.tolist() == [0, 0, 0]
    assert f"{tmp_path / 'new'}: 0 rationales reused, 0 added" in ran.err
    assert f"no rationale was used or added: {why}; pass --think always to write one" in ran.err


def test_list_prints_one_line_per_rationale(run, folder):
    RationaleStore(folder).edit(key(1), answer="a\x1b[31m tiger")
    ran = run("rationales", "list", folder)
    assert ran.status == 0
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert lines[key(0)[:12]] == "3  length     0.png + what is it?: answer 0"
    assert lines[key(1)[:12]] == "3  edited     1.png + what is it?: a [31m tiger"
    assert "3 rationales, 1 edited" in ran.err


def test_show_prints_every_field_and_the_original(run, folder):
    RationaleStore(folder).edit(key(2), answer="a tiger")
    out = run("rationales", "show", key(2)[:10], folder).out
    fields = [line.split(maxsplit=1) for line in out.splitlines()]
    assert [name for name, _ in fields] == [
        *("key", "of", "reasoner", "created", "tokens", "thinking", "answer"),
        *("edited", "was", "thinking", "answer"),
    ]
    assert fields[6][1] == "a tiger"
    assert fields[10][1] == "answer 2"
    assert fields[8][1] == "length"
    assert fields[5][1] == "thinking of 2 é"


def test_an_export_can_be_imported_into_another_folder(run, folder, tmp_path):
    file = tmp_path / "rows.jsonl"
    RationaleStore(folder).edit(key(2), answer="a tiger")
    assert f"{file}: 3 rationales" in run("rationales", "export", file, folder).err
    ran = run("rationales", "import", file, tmp_path / "other")
    assert "3 added, 0 edited, 0 unchanged" in ran.err
    assert list(RationaleStore(tmp_path / "other")) == list(RationaleStore(folder))
    again = run("rationales", "import", file, tmp_path / "other")
    assert "0 added, 0 edited, 3 unchanged" in again.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "{empty}"), r"no rationales here \(there is no rationales.sqlite\)"),
        (("show", "zz", "{folder}"), "no rationale in .* starts with 'zz'; `forethought"),
        (("edit", key(1), "{folder}"), "nothing to edit: give --thinking, --answer, or both"),
        (("export", "{empty}", "{folder}"), "is a folder; name a file in it"),
        (("import", "{empty}/none.jsonl", "{folder}"), "no such file; check the path"),
        (("import", "{bad}", "{folder}"), "line 1: not JSON"),
    ],
)
def test_bad_input_has_exit_code_2_and_one_line(run, folder, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").write_text("{")
    paths = {name: tmp_path / name for name in ("empty", "bad")} | {"folder": folder}
    ran = run("rationales", *(argument.format(**paths) for argument in arguments))
    assert ran.status == 2
    assert re.search(message, ran.err)
    assert ran.err.count("\n") == 1
    assert len(RationaleStore(folder)) == 3


@pytest.mark.parametrize(
    ("think", "message"),
    [
        ("never", "with --think never: no rationale is generated or reused; leave"),
        ("auto", "colour writes no rationales; leave the option out, or embed with --model nano"),
    ],
)
def test_a_store_for_an_encoder_without_rationales_is_refused(run, tmp_path, think, message):
    arguments = ("embed", "-", "-o", tmp_path / "out.npz", "--rationales", tmp_path / "new")
    ran = run(*arguments, "--think", think, stdin='{"text": "red"}\n')
    assert ran.status == 2
    assert message in ran.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["show", "edit", "export", "import"])
def test_swapped_arguments_are_told_their_order(run, folder, tmp_path, command):
    ran = run("rationales", command, folder, tmp_path / "rows.jsonl")
    assert ran.status == 2
    assert f"{folder} is a folder, and {tmp_path / 'rows.jsonl'} is none" in ran.err
    assert f"the folder comes last: forethought rationales {command} " in ran.err
    assert not (tmp_path / "rows.jsonl").exists()


def test_one_rationale_is_counted_as_one(run, tmp_path):
    RationaleStore(tmp_path / "single").add([row(0)])
    assert run("rationales", "list", tmp_path / "single").err == "1 rationale, 0 edited\n"
    ran = run("rationales", "export", tmp_path / "rows.jsonl", tmp_path / "single")
    assert ran.err.endswith("rows.jsonl: 1 rationale\n")


def test_a_file_that_cannot_be_imported_leaves_no_store(run, tmp_path):
    ran = run("rationales", "import", tmp_path / "none.jsonl", tmp_path / "store")
    assert ran.status == 2
    assert "none.jsonl: no such file; check the path" in ran.err
    assert not (tmp_path / "store").exists()
