import io
import sys
from dataclasses import dataclass

import PIL.Image
import pytest

import forethought.encoders
from forethought.cli import main
from forethought.errors import ModelError
from tests.fakes import ColourEncoder


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Exit code, standard output and standard error of a command."""

    status: int
    out: str
    err: str


@pytest.fixture
def encoder(monkeypatch):
    """Replaces `load`: the only model is 'nano', a `ColourEncoder`."""
    known = ColourEncoder(widest=500)

    def load(name, **_):
        if name != "nano":
            raise ModelError(f"unknown model {name!r}: name a folder, or one of nano")
        return known

    monkeypatch.setattr(forethought.encoders, "load", load)
    return known


@pytest.fixture
def run(monkeypatch, capsys, encoder):  # noqa: ARG001 - replaces `load`
    """Run a command line in this process."""

    def command(*arguments, stdin=""):
        monkeypatch.setattr(sys, "argv", ["forethought", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        with pytest.raises(SystemExit) as error:
            main()
        output = capsys.readouterr()
        return CommandResult(int(error.value.code or 0), output.out, output.err)

    return command


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    for name, colour in [("r.png", "red"), ("deep/g.jpg", "lime"), ("b.gif", "blue")]:
        PIL.Image.new("RGB", (60, 40), colour).save(folder / name)
    return folder
