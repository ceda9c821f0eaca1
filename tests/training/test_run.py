import dataclasses
import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forethought import config
from forethought.encoders import load
from forethought.errors import ConfigError, DataError
from forethought.training import Trainer, run
from forethought.training.run import train_recipe
from forethought.types import no_progress
from tests import published, tiny
from tests.fakes import RecordedProgress


def write(recipe, path):
    path.write_text(tiny.as_toml(config.dump(recipe)))
    return path


@pytest.mark.slow
def test_a_recipe_file_becomes_a_model_with_a_gate(tiny_data, tmp_path):
    path = write(tiny.recipe(tiny_data, steps=(2, 3)), tmp_path / "tiny.toml")
    recorded = RecordedProgress()
    out = tmp_path / "out"
    model = run(path, out=out, open_progress=recorded)
    assert model == out / "model"
    prepared, steps, gate = recorded.parts.items()
    assert prepared == (f"{out / 'start'}: learning a tokenizer, drawing weights", [])
    assert steps[0] == "training tiny"
    assert [report[:2] for report in steps[1]] == [(step, 5) for step in range(1, 6)]
    assert gate[0] == "fitting the gate on 28 held-out examples"
    assert [report[:2] for report in gate[1]] == [(28, 28)]  # one batch holds them
    found = load(model, device="cpu").encode(["red, square", "blue"], think="auto")
    assert ((found.gate > 0) & (found.gate < 1)).all()


def test_a_run_has_a_folder_of_its_name_and_may_stop_early(
    tiny_data, tmp_path, monkeypatch, caplog
):
    monkeypatch.chdir(tmp_path)
    first, _ = tiny.recipe(tiny_data).stages
    recipe = dataclasses.replace(tiny.recipe(tiny_data), name="short", stages=(first,))
    path, recorded = write(recipe, tmp_path / "a.toml"), RecordedProgress()
    model = run(path, max_steps=2, open_progress=recorded)
    assert model.parts == ("runs", "short", "model")
    assert [report[:2] for report in recorded.parts["training short"]] == [(1, 5), (2, 5)]
    # The gate is for a finished run: fitted now, it would take longer than the two steps.
    assert not (model / "gate.json").exists()
    assert "runs/short: stopped after 2 of 5 steps, so no gate is fitted" in caplog.text
    caplog.clear()
    run(path, max_steps=3, open_progress=no_progress)
    assert (model / "gate.json").exists()
    assert not caplog.records


def test_a_mistake_in_the_recipe_is_refused_before_anything_is_made(tiny_data, tmp_path):
    path = write(tiny.recipe(tiny_data), tmp_path / "tiny.toml")
    path.write_text("sead = 3\n" + path.read_text())
    with pytest.raises(ConfigError, match="unknown key 'sead'; did you mean 'seed'"):
        run(path, out=tmp_path / "out", open_progress=no_progress)
    assert not (tmp_path / "out").exists()


def test_a_gate_without_held_out_examples_is_refused_before_training(tmp_path):
    data = tiny.build(tmp_path / "data")
    table = pq.read_table(data / "examples.parquet")
    pq.write_table(table.filter(pc.equal(table["split"], "train")), data / "examples.parquet")
    path = write(tiny.recipe(data), tmp_path / "tiny.toml")
    with pytest.raises(DataError, match=r"the data of \[gate\] hold no examples"):
        run(path, out=tmp_path / "out", open_progress=no_progress)
    assert not (tmp_path / "out").exists()


def test_a_recipe_may_name_another_trainer(tmp_path, monkeypatch):
    (tmp_path / "trainer_of_heads.py").write_text(
        "def train(path, *, out, fresh, max_steps, max_minutes, open_progress):\n"
        "    with open_progress('heads') as progress:\n"
        "        progress(1, 1, path.stem)\n"
        "    return out / 'head'\n"
    )
    # A name of its own: an imported module stays for other tests.
    monkeypatch.syspath_prepend(tmp_path)
    recipe = tmp_path / "mine.toml"
    recipe.write_text('trainer = "trainer_of_heads:train"\nanything = 3\n')
    recorded = RecordedProgress()
    model = run(recipe, out=tmp_path, open_progress=recorded)
    assert model == tmp_path / "head"
    assert recorded.parts == {"heads": [(1, 1, "mine")]}


@pytest.mark.parametrize(
    ("trainer", "message"),
    [("3", "trainer must be an import path, got 3"), ('"mine"', "unknown trainer 'mine'")],
)
def test_a_trainer_that_cannot_be_found_is_refused(tmp_path, trainer, message):
    recipe = tmp_path / "mine.toml"
    recipe.write_text(f"trainer = {trainer}\n")
    with pytest.raises(ConfigError, match=message):
        run(recipe, open_progress=no_progress)


def test_the_general_trainer_is_one_too():
    assert isinstance(train_recipe, Trainer)


OBJECTIVES = """
objectives = [
  {{ use = "direct", weight = 1.0, temperature = 0.05 }},
  {{ use = "thought", weight = 0.5, temperature = 0.05 }},
  {{ use = "cross_mode", weight = 0.5, temperature = 0.05 }},
  {{ use = "next_token", weight = 0.5 }},
]
"""
RECIPE = """
name = "pets"
seed = 3
init = "{init}"
min_pixels = 3136
max_pixels = 12544
weight_decay = 0.01
clip_norm = 1.0
checkpoint_every = 1

[data]
use = "json_lines"
path = "{data}"

[rollouts]
budget = 6
temperature = 0.7
interval = 2

[[stages]]
name = "cold-start"
steps = 2
batch = 4
negatives = 1
sft = 0.5
self_generated = 0.5
peak_rate = 1e-3
{objectives}
"""


def lines(folder: Path) -> Path:
    """Eight examples of texts and pictures, with rationales and hard negatives."""
    path = folder / "pets.jsonl"
    rows = []
    for name, colour in tiny.COLOURS.items():
        picture = folder / f"{name}.png"
        picture.write_bytes(tiny.square(colour, "framed"))
        rationale = {"thinking": f"A {name} thing.", "answer": name}
        rows.append(
            {
                "query": {"content": [{"text": f"{name} paint"}], "rationale": rationale},
                "positives": [{"content": [{"image": picture.name}], "rationale": rationale}],
                "negatives": [{"content": [{"text": f"not {name}"}]}],
            }
        )
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


# Of torch, about Qwen3-VL's norms under autocast: they are computed all the same.
one_dtype = pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")


THINKING = ["ume_r1", "rge", "mmemb_r1"]


@pytest.fixture
def pets(tmp_path):
    """Write a family's checkpoint and a recipe of two steps that starts from it."""

    def write(family):
        checkpoint = published.make(family, tmp_path / family)
        recipe = tmp_path / "pets.toml"
        data = lines(tmp_path)
        recipe.write_text(RECIPE.format(init=checkpoint, data=data, objectives=OBJECTIVES.format()))
        return recipe, checkpoint

    return write


def vectors(folder):
    encoder = load(folder, device="cpu")
    return encoder.encode(["red paint"], think="never", side="document").vectors


@one_dtype
@pytest.mark.parametrize("family", THINKING)
def test_a_published_checkpoint_learns_from_json_lines(pets, tmp_path, family):
    recipe, checkpoint = pets(family)
    out = tmp_path / "out"
    model = run(recipe, out=out, open_progress=no_progress)
    journal = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in journal] == [0, 1]
    terms = {"direct", "thought", "cross_mode", "next_token"}
    assert all(set(entry["terms"]) == terms for entry in journal)
    assert load(model, device="cpu").family.name == family
    assert abs(vectors(model) - vectors(checkpoint)).max() > 1e-3


@pytest.mark.slow
@one_dtype
@pytest.mark.parametrize("family", THINKING)
def test_a_run_from_a_published_checkpoint_resumes(pets, tmp_path, family):
    recipe, _ = pets(family)
    run(recipe, out=tmp_path / "out", max_steps=1, open_progress=no_progress)
    model = run(recipe, out=tmp_path / "out", max_steps=1, open_progress=no_progress)
    whole = run(recipe, out=tmp_path / "whole", open_progress=no_progress)
    assert vectors(model) == pytest.approx(vectors(whole), abs=1e-6)


@one_dtype
def test_an_embedder_that_never_thinks_learns_too(tmp_path):
    checkpoint = published.make("qwen3_vl_embedding", tmp_path / "plain")
    recipe = tmp_path / "pets.toml"
    direct = 'objectives = [{ use = "direct", weight = 1.0, temperature = 0.05 }]'
    text = RECIPE.format(init=checkpoint, data=lines(tmp_path), objectives=direct)
    for share in ("sft = 0.5\n", "self_generated = 0.5\n"):
        text = text.replace(share, "")
    recipe.write_text(text.replace("seed = 3", 'seed = 3\nfamily = "qwen3_vl_embedding"'))
    model = run(recipe, out=tmp_path / "out", max_steps=1, open_progress=no_progress)
    assert load(model, device="cpu").encode(["red paint"], think="never").vectors.shape == (1, 48)
