import errno
import logging
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement

from forethought.cli import main
from forethought.cli.app import _prepare_output, app
from forethought.cli.load import load_encoder, settings
from forethought.cli.packages import EXTRAS
from forethought.errors import ConfigError
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
    assert ran.err == (
        "error: lancedb is not installed; pip install lancedb "
        "(one of the packages of forethought's extra 'search')\n"
    )


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


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "out.npz"),
            "out.npz: No space left on device; free some space, or name another file or folder",
        ),
        (
            OSError(errno.EMFILE, "Too many open files"),
            "Too many open files; close other programs, or raise `ulimit -n`, or name another "
            "file or folder",
        ),
        (OSError("odd"), "odd; name another file or folder"),
        (
            MemoryError("an array of 9 GiB"),
            "out of memory (an array of 9 GiB); pass a smaller --batch-size or close other "
            "programs",
        ),
    ],
)
def test_an_error_of_the_system_is_one_line_with_a_way_out(run, pictures, monkeypatch, error, line):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("forethought.cli.embed.read_inputs", fail)
    ran = run("embed", pictures)
    assert ran.status == 1
    assert ran.err == f"error: {line}\n"


def test_a_full_disk_behind_standard_output_is_one_line():
    code = (
        "import sys; sys.argv = ['forethought', 'families']; sys.stdout = open('/dev/full', 'w')\n"
        "from forethought.cli import main; main()"
    )
    ran = run_python(code)
    assert ran.returncode == 1
    assert ran.stderr == (
        "error: No space left on device; free some space, or name another file or folder\n"
    )


def _commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_command_has_an_example_that_names_it():
    found = dict(_commands(typer.main.get_command(app)))
    assert len(found) >= 13
    for path, command in found.items():
        assert command.epilog.startswith(f"Example: forethought {' '.join(path)}"), path


def test_an_empty_path_is_refused_and_not_read_as_the_working_folder(run, pictures, monkeypatch):
    monkeypatch.chdir(pictures)
    for arguments in (
        ["search", "red", ""],
        ["search", "red", ".", "--index", ""],
        ["embed", "b.gif", "--rationales", ""],
        ["embed", "b.gif", "-o", ""],
        ["rationales", "list", ""],
    ):
        ran = run(*arguments)
        assert ran.status == 2
        assert "the path is empty" in ran.err
    ran = run("embed", "")
    assert "an input is empty (''); name a file or a folder" in ran.err
    assert sorted(each.name for each in pictures.iterdir()) == ["b.gif", "deep", "r.png"]


def test_log_records_take_one_line_without_control_characters(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    _prepare_output()
    logging.getLogger("forethought").warning("%s", "a\x1b[31m\nb")
    assert capsys.readouterr().err == "a [31m b\n"


def test_shell_completion_can_be_installed(run):
    assert "--install-completion" in run("--help").out


def test_an_option_that_the_frozen_baseline_lacks_is_refused():
    with pytest.raises(ConfigError, match=r"--dtype: .*frozen_baseline runs on the CPU"):
        load_encoder("frozen_baseline", **settings(dtype="bfloat16"))
