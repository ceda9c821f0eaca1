import dataclasses
from pathlib import Path
from typing import Any

import pytest

from forethought import config
from forethought.data import JsonLines
from forethought.errors import ConfigError
from forethought.training import Recipe
from forethought.training.recipe import (
    DefaultInstructions,
    RolloutSettings,
    ScratchSettings,
    SourceSettings,
)
from forethought.types import ContentKind, Side
from tests import tiny

RECIPE = tiny.recipe(Path("data"))  # stages of 5 and 6 steps


def changed(**changes):
    return dataclasses.replace(RECIPE, **changes)


def test_a_step_of_the_run_belongs_to_a_stage():
    found = [(RECIPE.stage_at(step)[0].name, RECIPE.stage_at(step)[1]) for step in (0, 4, 5, 10)]
    assert found == [
        ("contrastive", 0),
        ("contrastive", 4),
        ("cold-start", 0),
        ("cold-start", 5),
    ]
    assert RECIPE.steps == 11
    with pytest.raises(ValueError, match="step 2 lies 2 past the run's last"):
        RECIPE.stage_at(13)


def test_a_recipe_is_the_same_after_a_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.as_toml(config.dump(RECIPE)))
    assert config.load(path, Recipe) == RECIPE


def test_a_source_is_found_by_name_and_reads_nothing_yet(tmp_path):
    gone = (tmp_path / "gone.jsonl").as_posix()
    assert SourceSettings("json_lines", {"path": gone}).source == JsonLines(Path(gone))
    with pytest.raises(ConfigError, match="unknown source 'jsonl'; did you mean 'json_lines'"):
        SourceSettings("jsonl", {"path": gone})
    with pytest.raises(ConfigError, match="unknown key 'file'; known: media, on_error, path"):
        SourceSettings("json_lines", {"file": gone})


@pytest.mark.parametrize("changes", [{"budget": 0}, {"interval": 0}, {"temperature": -0.5}])
def test_rollouts_out_of_range_are_refused(changes):
    with pytest.raises(ValueError, match="budget and interval must be 1 or more, temperature 0 or"):
        RolloutSettings(**{"budget": 9, "temperature": 0.8, "interval": 3, **changes})


def test_a_mistake_in_a_file_is_named_with_its_place(tmp_path):
    path = tmp_path / "tiny.toml"
    tables = config.dump(RECIPE)
    path.write_text(tiny.as_toml({**tables, "checkpoint_every": 0}))
    with pytest.raises(ConfigError, match=r"tiny.toml: checkpoint_every must be 1 or more, got 0"):
        config.load(path, Recipe)
    tables["stages"][1]["objectives"][0]["temprature"] = 0.1
    path.write_text(tiny.as_toml(tables))
    with pytest.raises(
        ConfigError, match=r"tiny.toml: \[stages.1.objectives.0\]: unknown key 'temprature'; did"
    ):
        config.load(path, Recipe)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scratch": None}, r"from `init`, a checkpoint, or \[scratch\]: name one"),
        ({"init": "nano"}, r"from `init`, a checkpoint, or \[scratch\]: name one"),
        ({"stages": ()}, r"a run needs stages, with a name of its own each, got \[\]"),
        ({"stages": RECIPE.stages[:1] * 2}, r"got \['contrastive', 'contrastive'\]"),
        ({"checkpoint_every": 0}, "checkpoint_every must be 1 or more, got 0"),
        ({"rollouts": None}, r"self_generated needs \[rollouts\]"),
        ({"augment": "augment_pictures"}, "unknown augmentation 'augment_pictures'"),
        ({"augment": "forethought.nano:flip"}, "augmentation 'forethought.nano:flip' cannot be"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        changed(**changes)


def test_a_tokenizer_that_cannot_be_imported_is_refused():
    settings = RECIPE.scratch
    assert isinstance(settings, ScratchSettings)
    with pytest.raises(ConfigError, match="tokenizer 'nowhere:learn' cannot be imported"):
        dataclasses.replace(settings, tokenizer="nowhere:learn")


def test_default_instructions_have_exceptions_by_side_and_kind():
    given = {
        "query": "Find it.",
        "document": "A thing.",
        "exceptions": [{"side": "document", "kind": "picture and text", "text": ""}],
    }
    texts = config.build(given, DefaultInstructions, where="").texts()
    assert set(texts[Side.QUERY].values()) == {"Find it."}
    assert texts[Side.DOCUMENT][ContentKind.PICTURE_AND_TEXT] == ""
    assert texts[Side.DOCUMENT][ContentKind.PICTURE] == "A thing."
    assert all({*kinds} == {*ContentKind} for kinds in texts.values())
    with pytest.raises(ConfigError, match="kind"):
        config.build(
            given | {"exceptions": [{"side": "query", "kind": "sound", "text": ""}]},
            DefaultInstructions,
            where="",
        )


def scratch_of(**changes):
    assert RECIPE.scratch is not None
    shape: dict[str, Any] = {
        "vision_hidden": None,
        "vision_layers": None,
        "vision_heads": None,
    }
    settings = {"shape": dataclasses.replace(RECIPE.scratch.shape, **shape), "pixels": None}
    return dataclasses.replace(RECIPE.scratch, **(settings | changes))


def test_pixels_go_with_a_vision_encoder():
    scratch_of()
    with pytest.raises(ValueError, match="pixels is 56, but the shape has no vision encoder"):
        scratch_of(pixels=56)
    with pytest.raises(ValueError, match="a vision encoder that is trained needs `pixels`"):
        scratch_of(shape=tiny.SHAPE)


def test_functions_of_a_fresh_network_are_imported_with_the_recipe():
    with pytest.raises(ConfigError, match="embeddings 'gone:f' cannot be imported"):
        scratch_of(embeddings="gone:f")
    with pytest.raises(ConfigError, match="tower 'gone:f' cannot be imported"):
        scratch_of(shape=dataclasses.replace(scratch_of().shape, tower="gone:f"))
