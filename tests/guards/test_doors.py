"""A folder's `__init__` is its door: `__all__` says exactly what may be used from outside."""

import ast
import importlib
import tomllib

import pytest

import forethought


def _doors(root):
    library = root / "src" / "forethought"
    return sorted(library.rglob("__init__.py"))


def _public(tree):
    """The names a door offers: what it takes from our modules and what it defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("forethought"):
            yield from (alias.asname or alias.name for alias in node.names)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def _listed(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def test_all_is_exactly_what_is_public(root):
    wrong = {}
    for door in _doors(root):
        tree = ast.parse(door.read_text())
        listed = _listed(tree)
        public = {name for name in _public(tree) if not name.startswith("_")}
        if set(listed) != public or len(set(listed)) != len(listed):
            wrong[str(door.relative_to(root))] = public ^ set(listed)
    assert not wrong


def test_all_is_sorted(root):
    # Constants, then classes, then the rest: as the linter sorts imports.
    def place(name):
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    listed = {door: _listed(ast.parse(door.read_text())) for door in _doors(root)}
    assert not [
        str(d.relative_to(root)) for d, names in listed.items() if names != sorted(names, key=place)
    ]


@pytest.mark.parametrize("name", forethought.__all__)
def test_everything_at_the_front_door_opens(name):
    assert getattr(forethought, name) is not None


def test_the_front_door_refuses_what_it_does_not_have():
    with pytest.raises(AttributeError, match="no attribute 'embedd'"):
        forethought.embedd  # noqa: B018


def test_the_package_has_the_version_of_its_project_file(root):
    declared = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert importlib.import_module("forethought").__version__ == declared
