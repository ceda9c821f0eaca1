import json
import shutil

import pytest


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """A tiny checkpoint of every published family."""
    from tests import published

    root = tmp_path_factory.mktemp("published")
    return {family: published.make(family, root / family) for family in published.CHECKPOINTS}


@pytest.fixture
def copied(folders, tmp_path):
    """A copy of one of them, to be changed by a test."""
    return lambda family: shutil.copytree(folders[family], tmp_path / family)


@pytest.fixture(scope="session")
def rewrite():
    """Change a JSON file in place."""

    def write(path, change):
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return write


@pytest.fixture
def encoder(folders):
    """A fresh encoder of a family, to be changed by a test."""
    from forethought.encoders import load

    return lambda family: load(folders[family], family=family, device="cpu")
