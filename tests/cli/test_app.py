import os
import subprocess
import sys
from pathlib import Path

import pytest

from forethought.cli import main
from forethought.types import Think

ROOT = Path(__file__).parents[2]


def command(*words, code=None):
    asked = ["-c", code] if code else ["-m", "forethought", *words]
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, *asked],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command_and_loads_no_model_stack():
    code = (
        "import sys; sys.argv = ['forethought', '--help']\n"
        "from forethought.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(*{'torch', 'lancedb', 'pyarrow'} & set(sys.modules), 'loaded')"
    )
    said = command(code=code).stdout
    assert said.split("\n")[-2].strip() == "loaded"
    for name in ("search", "embed", "train", "evaluate", "data", "doctor", "families"):
        assert f" {name} " in said


def test_the_version_is_said(run):
    assert run("--version").out == "forethought 0.1.0\n"


@pytest.mark.parametrize(
    "words", [["serch"], ["search"], ["search", "red", ".", "--think", "perhaps"], ["search", "-k"]]
)
def test_a_mistyped_command_is_status_2(run, words):
    ran = run(*words)
    assert ran.status == 2
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("think", Think)
def test_every_way_to_think_can_be_asked_for(run, pictures, think):
    assert run("search", "red", pictures, "--think", think.value).status == 0


def test_ctrl_c_is_status_130_and_no_traceback(run, encoder, pictures, monkeypatch):
    monkeypatch.setattr(type(encoder), "encode", _interrupt)
    ran = run("search", "red", pictures)
    assert ran.status == 130
    assert "Traceback" not in ran.err


def _interrupt(*asked, **options):
    del asked, options
    raise KeyboardInterrupt


def test_a_bug_is_one_line_status_1_and_the_way_to_see_more(run, encoder, pictures, monkeypatch):
    monkeypatch.setattr(encoder, "widest", None)
    ran = run("search", "", pictures, "--image", pictures / "r.png")
    assert ran.status == 1
    assert ran.err.startswith("error: unexpected TypeError: '>' not supported")
    assert "FORETHOUGHT_TRACEBACK=1" in ran.err
    assert ran.err.count("\n") == 1
    monkeypatch.setenv("FORETHOUGHT_TRACEBACK", "1")
    monkeypatch.setattr(sys, "argv", ["forethought", "search", "red", str(pictures)])
    with pytest.raises(TypeError):
        main()


def test_a_missing_extra_is_named(run, pictures, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    for name in [name for name in sys.modules if name.startswith("forethought.index")]:
        monkeypatch.delitem(sys.modules, name)
    ran = run("search", "red", pictures)
    assert ran.status == 1
    assert ran.err == "error: lancedb is not installed; pip install 'forethought[search]'\n"
