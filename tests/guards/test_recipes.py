from forethought import config
from forethought.training import Recipe


def test_every_recipe_loads_and_dumps_to_what_it_loads_from(root):
    recipes = sorted((root / "recipes").glob("*.toml"))
    assert recipes
    for path in recipes:
        recipe = config.load(path, Recipe)
        assert config.dump(recipe)["name"] == path.stem
