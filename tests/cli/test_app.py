import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from forethought.cli import main
from forethought.cli.app import EXTRAS
from forethought.types import Think

ROOT = Path(__file__).parents[2]


def run_python(code):
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command_without_the_model_stack():
    code = (
        "import sys; sys.argv = ['forethought', '--help']\n"
        "from forethought.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(*{'torch', 'lancedb', 'pyarrow'} & set(sys.modules), 'loaded')"
    )
    output = run_python(code).stdout
    assert output.split("\n")[-2].strip() == "loaded"
    for name in ("search", "embed", "train", "evaluate", "data", "doctor", "families"):
        assert f" {name} " in output


def test_prints_the_version(run):
    assert run("--version").out == "forethought 0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [["serch"], ["search"], ["search", "red", ".", "--think", "perhaps"], ["search", "-k"]],
)
def test_a_mistyped_command_has_exit_code_2(run, arguments):
    ran = run(*arguments)
    assert ran.status == 2
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("think", Think)
def test_every_think_mode_is_accepted(run, pictures, think):
    assert run("search", "red", pictures, "--think", think.value).status == 0


def test_ctrl_c_has_exit_code_130_and_no_traceback(run, encoder, pictures, monkeypatch):
    monkeypatch.setattr(type(encoder), "encode", _interrupt)
    ran = run("search", "red", pictures)
    assert ran.status == 130
    assert "Traceback" not in ran.err


def _interrupt(*args, **kwargs):
    del args, kwargs
    raise KeyboardInterrupt


def test_an_unexpected_error_has_exit_code_1_and_one_line(run, encoder, pictures, monkeypatch):
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


MODULES = {"resvg-py": "resvg_py", "scikit-learn": "sklearn"}  # where the names differ


def test_the_extras_are_those_of_the_package_metadata():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {
        extra: {Requirement(each).name for each in requirements}
        for extra, requirements in project["optional-dependencies"].items()
    }
    modules = {
        extra: {MODULES.get(name, name.replace("-", "_")) for name in names}
        for extra, names in extras.items()
    }
    assert not {module for module, extra in EXTRAS.items() if module not in modules[extra]}


def test_an_operating_system_error_is_one_line(run, pictures, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forethought.cli.embed.read_inputs", full)
    ran = run("embed", pictures)
    assert ran.status == 1
    assert ran.err == "error: operating system error: [Errno 28] No space left on device\n"
