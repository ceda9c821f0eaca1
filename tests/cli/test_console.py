import sys

import pytest

from forethought.cli import console


def test_one_line_replaces_control_characters():
    assert console.one_line("a\x1b[31mred\x07  bell\nand\u202e flow") == "a [31mred bell and flow"


def test_one_line_leaves_letters_of_any_script():
    assert console.one_line("чай 茶 \u00e9") == "чай 茶 é"


def test_short_work_prints_nothing_outside_a_terminal(capsys):
    with console.progress_bar("embedding") as progress:
        progress(1, 2)
    assert capsys.readouterr().err == ""


def test_long_work_prints_status_lines_outside_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(console, "_STATUS_INTERVAL_S", 0.0)
    with console.progress_bar("embedding") as progress:
        progress(1, 2, "so far")
    assert capsys.readouterr().err == "embedding: 1 of 2 so far\n"


@pytest.mark.parametrize("total", [0, 5])
def test_a_terminal_has_a_bar_once_the_total_is_known(capsys, monkeypatch, total):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with console.progress_bar("embedding") as progress:
        progress(0, total)
    assert ("0/5" in capsys.readouterr().err) == (total == 5)
