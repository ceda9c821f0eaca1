from forethought import config
from forethought.nano.fit_baseline import FrozenBaselineRecipe
from forethought.training import Recipe

TYPES = {"forethought.nano:train_frozen_baseline": FrozenBaselineRecipe}
"""The recipe type of every other trainer that a recipe names."""


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
