from forethought import config
from forethought.nano.fit_baseline import FrozenBaselineRecipe
from forethought.training import Recipe

OTHERS = {"afternoon": FrozenBaselineRecipe}
"""Recipes of something else than a model that thinks, by the name of their file."""


def test_every_recipe_loads_and_says_again_what_it_said(root):
    recipes = sorted((root / "recipes").glob("*.toml"))
    assert recipes
    for path in recipes:
        into = OTHERS.get(path.stem, Recipe)
        said = config.dump(config.load(path, into))
        assert said.get("name", path.stem) == path.stem
