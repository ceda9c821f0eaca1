"""`constraints.txt` holds one version of everything that `pyproject.toml` asks for."""

import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

OURSELVES = "forethought"


@pytest.fixture(scope="module")
def pins(root):
    lines = (root / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {name: Version(version) for name, version in pairs}


@pytest.fixture(scope="module")
def requirements(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return [one for one in map(Requirement, lines) if one.name != OURSELVES]


def test_every_requirement_has_a_pin_that_satisfies_it(pins, requirements):
    for requirement in requirements:
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not pinned; make the pins anew"
        assert version in requirement.specifier


def test_no_pin_is_of_one_machine(pins):
    # A local version such as +cpu exists on some machines only.
    assert not [name for name, version in pins.items() if version.local]


def test_the_makefile_names_the_torch_that_is_pinned(pins, root):
    for file in ("Makefile", ".ci/wheel-check"):
        assert f"torch=={pins['torch']}" in (root / file).read_text()
