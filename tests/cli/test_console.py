import io
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from forethought.cli import console
from forethought.types import Ending, Hit, Rationale, Think
from tests.fakes import ColourEncoder


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


def test_status_lines_show_the_time_left_once_a_step_has_been_timed(capsys, monkeypatch):
    monkeypatch.setattr(console, "_STATUS_INTERVAL_S", 0.0)
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with console.progress_bar("training") as progress:
        progress(101, 200, "loss 2.5")
        # A resumed run: 3 steps in 60 s, so that 96 steps take 1,920 s.
        now += 60.0
        progress(104, 200, "loss 2.4")
        now += 2
        progress(200, 200)
    assert capsys.readouterr().err.splitlines() == [
        "training: 101 of 200 loss 2.5",
        "training: 104 of 200 loss 2.4; 0:32:00 left",
        "training: 200 of 200",
    ]


def test_a_terminal_shows_a_long_label_below_the_bar_as_far_as_it_is_wide(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for name, value in (("TERM", "xterm"), ("TTY_COMPATIBLE", "1"), ("COLUMNS", "40")):
        monkeypatch.setenv(name, value)
    with console.progress_bar("training") as progress:
        progress(3, 7, f"loss 2.5 ({'x' * 40})")
    printed = capsys.readouterr().err
    assert "3/7" in printed
    assert "loss 2.5 (xxx" in printed
    assert "x" * 31 not in printed


@pytest.mark.parametrize("total", [0, 5])
def test_a_terminal_has_a_bar_once_the_total_is_known(capsys, monkeypatch, total):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with console.progress_bar("embedding") as progress:
        progress(0, total)
    assert ("0/5" in capsys.readouterr().err) == (total == 5)


def test_a_hit_is_printed_with_escapes_for_control_characters(capsys):
    console.print_hits([Hit("a\x1b[31m\nb\u202eé.png", 0.5, 1)], Path("p\tq"))
    assert capsys.readouterr().out == "1  0.500  p\\tq/a\\x1b[31m\\nb\\u202eé.png\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_reads_back_in_any_encoding_and_has_no_control_characters(monkeypatch, encoding):
    content = {"name": "é 茶 \x1b \x9b \u202e \U000e0001 \n", "n": 1}
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    console.print_json(content)
    out.flush()
    text = out.buffer.getvalue().decode(encoding)
    assert json.loads(text) == content
    assert all(character.isprintable() or character == "\n" for character in text)
    assert ("茶" in text) == (encoding == "utf-8")


def test_a_rationale_is_broken_between_words_on_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    found = ColourEncoder().encode(["red"], think=Think.ALWAYS)
    thinking = "a long-winded thought about primary colours"
    rationale = Rationale(thinking, "red", Ending.EMBED)
    console.print_rationale("red", replace(found, rationales=(rationale,)))
    lines = capsys.readouterr().out.splitlines()
    # 30 columns, of which 10 are the name or the indent.
    start = next(n for n, line in enumerate(lines) if line.startswith("thinking"))
    assert lines[start : start + 3] == [
        "thinking  a long-winded",
        "          thought about",
        "          primary colours",
    ]


def test_a_rationale_without_an_answer_has_no_line_for_one(capsys):
    found = ColourEncoder().encode(["red"], think=Think.ALWAYS)
    rationale = Rationale("a thought", "", Ending.LENGTH)
    console.print_rationale("red", replace(found, rationales=(rationale,)))
    out = capsys.readouterr().out
    assert "thinking  a thought\n" in out
    assert "answer" not in out


@pytest.mark.parametrize(("count", "text"), [(0, "0 vectors"), (1, "1 vector"), (2, "2 vectors")])
def test_a_count_has_its_noun(count, text):
    assert console.count_of(count, "vector") == text


def test_a_name_in_brackets_is_no_style_of_the_spinner(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with console.spinner("loading [/x]"):
        pass
    assert "loading [/x]" in capsys.readouterr().err


def test_scores_of_both_signs_are_aligned(capsys):
    hits = [Hit("a.png", 0.5, 1), Hit("b.png", -0.125, 2)]
    console.print_hits(hits, Path("pictures"))
    assert capsys.readouterr().out.splitlines() == [
        "1   0.500  pictures/a.png",
        "2  -0.125  pictures/b.png",
    ]
