"""Asking for help must not wait for a model stack to load."""

import subprocess
import sys

import PIL.Image
import pytest

HEAVY = ["datasets", "lancedb", "matplotlib", "pyarrow", "torch", "transformers"]
ASK = "import sys, {module}; print(*(m for m in {heavy} if m in sys.modules))"


@pytest.mark.parametrize("module", ["forethought", "forethought.cli", "forethought.types"])
def test_starts_without_the_model_stack(module):
    code = ASK.format(module=module, heavy=HEAVY)
    started = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert started.stdout.split() == []


def test_the_encoders_start_without_what_only_a_loaded_network_needs():
    unneeded = ["lancedb", "peft", "scipy", "torch._dynamo", "transformers.modeling_utils"]
    code = ASK.format(module="forethought.encoders", heavy=unneeded)
    started = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert started.stdout.split() == []


UNNEEDED = ["lancedb", "peft", "pyarrow", "scipy", "sympy", "torch._dynamo", "transformers"]
EMBED = """
import sys, forethought
forethought.load("nano", device="cpu").encode(["words"], think="always")
print(*(name for name in {unneeded} if name in sys.modules))
"""
SEARCH = """
import atexit, sys
from forethought.cli import main
atexit.register(lambda: print(*(name for name in {unneeded} if name in sys.modules)))
sys.argv = ["forethought", "search", "a red square", {folder!r}, "--device", "cpu"]
main()
"""


def printed(code):
    """The lines that a new process prints to standard output."""
    started = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return started.stdout.splitlines()


def test_a_text_is_embedded_without_transformers():
    assert printed(EMBED.format(unneeded=UNNEEDED)) == [""]


@pytest.mark.slow
def test_an_unchanged_folder_is_searched_without_transformers(tmp_path):
    PIL.Image.new("RGB", (60, 60), "red").save(tmp_path / "red.png")
    search = SEARCH.format(unneeded=UNNEEDED, folder=str(tmp_path))
    first, again = printed(search), printed(search)
    assert "transformers" in first[-1]
    assert (again[:-1], again[-1]) == (first[:-1], "")
