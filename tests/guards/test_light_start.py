"""Asking for help must not wait for a model stack to load."""

import subprocess
import sys

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
