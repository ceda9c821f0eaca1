from forethought import config
from forethought.nano import FrozenBaselineRecipe
from forethought.training import Recipe

OTHERS = {"frozen_baseline": FrozenBaselineRecipe}
"""Recipes of other trainers, by the name of their file."""


def test_every_recipe_loads_and_dumps_its_name(root):
    recipes = sorted((root / "recipes").glob("*.toml"))
    assert recipes
    for path in recipes:
        into = OTHERS.get(path.stem, Recipe)
        dumped = config.dump(config.load(path, into))
        assert dumped.get("name", path.stem) == path.stem
