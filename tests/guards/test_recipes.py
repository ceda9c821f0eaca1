import pytest

from forethought import config
from forethought.nano.fit_baseline import FrozenBaselineRecipe
from forethought.training import Recipe

TYPES = {"forethought.nano:train_frozen_baseline": FrozenBaselineRecipe}
"""The recipe type of every other trainer that a recipe names."""
PUBLISHED = ("mmemb_r1_4b", "rge_3b", "ume_r1_2b", "ume_r1_7b")
"""The recipes that reproduce published systems, whose names their documentation has."""
HEADINGS = ("Reproduces:", "Source:", "Data:", "Hardware:", "Not measured:")


def test_every_recipe_loads_and_its_tables_come_back(root):
    recipes = sorted((root / "recipes").glob("*.toml"))
    assert recipes
    for path in recipes:
        trainer = config.read(path).get("trainer")
        recipe = config.load(path, TYPES[trainer] if trainer else Recipe)
        tables = config.dump(recipe)
        assert config.build(tables, type(recipe), where=str(path)) == recipe


def test_no_two_recipes_write_into_one_folder(root):
    names = [config.read(path).get("name") for path in sorted((root / "recipes").glob("*.toml"))]
    assert len({*names}) == len(names)
    assert all(names)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_states_what_it_reproduces_and_what_is_ours(root, name):
    text = (root / "recipes" / f"{name}.toml").read_text()
    comment = text.partition("\n\n")[0]
    lines = comment.splitlines()
    assert all(line.startswith("#") for line in lines)
    found = [word for line in lines for word in HEADINGS if line.startswith(f"# {word}")]
    assert found == [*HEADINGS]
    assert f"forethought train recipes/{name}.toml" in comment
    assert "torchrun" in comment
    assert "ours" in text


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_has_its_command_on_its_systems_page(root, name):
    family = config.read(root / "recipes" / f"{name}.toml")["family"]
    page = (root / "docs" / "systems" / f"{family}.md").read_text()
    assert "## Train it" in page
    assert "forethought data check" in page
    assert f"forethought train recipes/{name}.toml" in page


def test_the_two_sizes_of_ume_r1_differ_in_their_start_alone(root):
    small, large = (config.read(root / "recipes" / f"ume_r1_{size}.toml") for size in ("2b", "7b"))
    differ = {key for key in small if small[key] != large[key]}
    assert small.keys() == large.keys()
    assert differ == {"name", "init"}
