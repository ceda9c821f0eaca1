import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root():
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tracked():
    """Every file that is, or is about to be, part of the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return sorted(path for path in paths if path.is_file())


@pytest.fixture(scope="session")
def modules(tracked):
    """Every Python file of the library, its benchmarks and the tests of both."""
    homes = (ROOT / "src", ROOT / "benchmarks", ROOT / "tests")
    return [p for p in tracked if p.suffix == ".py" and any(p.is_relative_to(h) for h in homes)]
