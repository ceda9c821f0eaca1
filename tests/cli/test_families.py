import pytest

from forethought.encoders import FAMILIES
from forethought.types import ContentKind, Side


@pytest.mark.parametrize("options", [[], ["--markdown"]])
def test_every_family_is_listed(run, options):
    lines = run("families", *options).out.splitlines()
    assert [name for name in FAMILIES if not any(name in line for line in lines)] == []


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_s_instructions_are_printed_with_their_sources(run, name):
    out = run("families", name).out
    assert f"{FAMILIES[name].title} (" in out
    assert "direct with direct" in out
    rows = [line for line in out.splitlines() if line.startswith(tuple(Side))]
    assert len(rows) == len(Side) * len(ContentKind) + out.count("query and document compare")
    for kinds in FAMILIES[name].instructions.values():
        for instruction in kinds.values():
            assert (instruction.text or "(none)") in out
            assert instruction.source in out


def test_an_unknown_family_is_refused_with_those_there_are(run):
    ran = run("families", "bert")
    assert ran.status == 2
    assert "unknown family 'bert'; known: forethought, ume_r1" in ran.err


def test_a_models_name_is_answered_with_its_family(run):
    ran = run("families", "nano")
    assert ran.status == 2
    assert "unknown family 'nano', which is a model of family forethought; known: " in ran.err
