"""The door to other tools' adapters costs nothing until one is asked for."""

import subprocess
import sys

import pytest

HEAVY = ["mteb", "sentence_transformers", "torch", "transformers"]
ASK = f"import sys, forethought.interop; print(*(m for m in {HEAVY} if m in sys.modules))"


def test_the_door_opens_without_the_others_libraries():
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert asked.stdout.split() == []


def test_what_needs_none_of_them_opens():
    from forethought import interop

    assert interop.model_card.__module__ == "forethought.interop.hub"
    assert "push_to_hub" in dir(interop)


def test_the_door_refuses_what_it_does_not_have():
    from forethought import interop

    with pytest.raises(AttributeError, match=r"forethought\.interop' has no attribute 'vllm'"):
        interop.vllm  # noqa: B018


@pytest.mark.slow
def test_the_rest_opens_where_the_libraries_are():
    from forethought import interop

    assert all(getattr(interop, name) for name in interop.__all__)
