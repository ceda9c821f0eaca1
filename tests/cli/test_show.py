import sys

import pytest

from forethought.cli import show


def test_makes_words_safe_for_a_terminal():
    assert show.plain("a\x1b[31mred\x07  bell\nand\u202e flow") == "a [31mred bell and flow"


def test_keeps_words_of_any_script():
    assert show.plain("чай 茶 \u00e9") == "чай 茶 é"


def test_says_nothing_of_quick_work_where_nobody_looks_on(capsys):
    with show.progress("embedding") as tell:
        tell(1, 2)
    assert capsys.readouterr().err == ""


def test_says_a_line_now_and_then_where_nobody_looks_on(capsys, monkeypatch):
    monkeypatch.setattr(show, "_QUIET_S", 0.0)
    with show.progress("embedding") as tell:
        tell(1, 2, "so far")
    assert capsys.readouterr().err == "embedding: 1 of 2 so far\n"


@pytest.mark.parametrize("total", [0, 5])
def test_shows_a_bar_in_a_terminal_once_there_is_something_to_do(capsys, monkeypatch, total):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with show.progress("embedding") as tell:
        tell(0, total)
    assert ("0/5" in capsys.readouterr().err) == (total == 5)
