"""Importing `forethought.interop` imports none of the other tools."""

import subprocess
import sys

import pytest

HEAVY = ["mteb", "sentence_transformers", "torch", "transformers"]
COMMAND = f"import sys, forethought.interop; print(*(m for m in {HEAVY} if m in sys.modules))"


def test_the_package_imports_no_other_tool():
    ran = subprocess.run(
        [sys.executable, "-c", COMMAND], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []


def test_adapters_without_other_tools_are_imported():
    from forethought import interop

    assert interop.model_card.__module__ == "forethought.interop.hub"
    assert "push_to_hub" in dir(interop)


def test_an_unknown_name_is_refused():
    from forethought import interop

    with pytest.raises(AttributeError, match=r"forethought\.interop' has no attribute 'vllm'"):
        interop.vllm  # noqa: B018


@pytest.mark.slow
def test_all_adapters_are_imported_where_the_tools_are():
    from forethought import interop

    assert all(getattr(interop, name) for name in interop.__all__)
