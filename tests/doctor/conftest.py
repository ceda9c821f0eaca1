import json
import shutil

import pytest


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """A tiny checkpoint of every published system."""
    from tests import published

    home = tmp_path_factory.mktemp("published")
    return {family: published.make(family, home / family) for family in published.MADE}


@pytest.fixture
def copied(folders, tmp_path):
    """One of them, to be broken."""
    return lambda family: shutil.copytree(folders[family], tmp_path / family)


@pytest.fixture(scope="session")
def rewrite():
    """Change a JSON file in place."""

    def changed(path, change):
        told = json.loads(path.read_text())
        change(told)
        path.write_text(json.dumps(told))

    return changed


@pytest.fixture
def encoder(folders):
    """A fresh encoder of a family, that may be broken."""
    from forethought.encoders import load

    return lambda family: load(folders[family], family=family, device="cpu")
