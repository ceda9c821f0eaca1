import pytest
from typer.testing import CliRunner

from forethought.cli import app
from forethought.errors import ConfigError, DataError, ModelError
from forethought.evaluation import glyphs
from tests import tiny


def run(*arguments):
    return CliRunner().invoke(app, ["evaluate", "glyphs", *arguments], catch_exceptions=False)


def test_help_names_every_choice():
    told = run("--help").output
    for option in ("--model", "--think", "--beside", "--task", "--queries", "--json", "--markdown"):
        assert option in told


def test_refuses_an_unknown_way_of_thinking():
    with pytest.raises(ConfigError, match="unknown --think 'never,allways'.*never, always, auto"):
        run("--think", "never,allways")


def test_refuses_a_report_in_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="there is no folder"):
        run("--json", str(tmp_path / "absent" / "report.json"))


def test_refuses_absent_data_with_the_command_that_builds_it(tmp_path):
    with pytest.raises(DataError, match="forethought data glyphs"):
        run("--data", str(tmp_path))
