import dataclasses

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forethought import config
from forethought.encoders import load
from forethought.errors import ConfigError, DataError
from forethought.training import run
from tests import tiny


def write(recipe, path):
    path.write_text(tiny.as_toml(config.dump(recipe)))
    return path


def test_a_recipe_file_becomes_a_model_with_a_gate(tiny_data, tmp_path):
    path = write(tiny.recipe(tiny_data, steps=(2, 3)), tmp_path / "tiny.toml")
    told = []
    model = run(path, out=tmp_path / "out", report=lambda *said: told.append(said))
    assert model == tmp_path / "out" / "model"
    assert [said[0] for said in told] == [1, 2, 3, 4, 5]
    found = load(model, device="cpu").encode(["red, square", "blue"], think="auto")
    assert ((found.gate > 0) & (found.gate < 1)).all()


def test_a_run_lands_in_a_folder_of_its_name_and_may_stop_early(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, _ = tiny.recipe(tiny_data).stages
    recipe = dataclasses.replace(tiny.recipe(tiny_data), name="short", stages=(first,))
    told = []
    model = run(write(recipe, tmp_path / "a.toml"), max_steps=2, report=lambda *s: told.append(s))
    assert model.parts == ("runs", "short", "model")
    assert len(told) == 2
    # It was never shown how to think by itself, so there is nothing for a gate to weigh.
    assert not (model / "gate.json").exists()


def test_a_mistake_in_the_recipe_is_told_before_anything_is_made(tiny_data, tmp_path):
    path = write(tiny.recipe(tiny_data), tmp_path / "tiny.toml")
    path.write_text("sead = 3\n" + path.read_text())
    with pytest.raises(ConfigError, match="unknown key 'sead'; did you mean 'seed'"):
        run(path, out=tmp_path / "out", report=lambda *said: None)
    assert not (tmp_path / "out").exists()


def test_data_without_held_out_pairs_is_refused_before_training(tmp_path):
    data = tiny.build(tmp_path / "data")
    table = pq.read_table(data / "examples.parquet")
    pq.write_table(table.filter(pc.equal(table["split"], "train")), data / "examples.parquet")
    path = write(tiny.recipe(data), tmp_path / "tiny.toml")
    with pytest.raises(DataError, match="no pairs of split 'dev', on which the gate is fitted"):
        run(path, out=tmp_path / "out", report=lambda *said: None)
    assert not (tmp_path / "out").exists()
