import io

import pytest
from rich.console import Console

from forethought.evaluation import compose, describe, judge, markdown, protocol, read, terminal
from forethought.types import Think


@pytest.fixture
def report(glyphs, painter, rename):
    benchmark, other = read(glyphs), rename(painter, "other")
    judged = judge(benchmark, painter, think=[Think.NEVER, Think.ALWAYS])
    judged += judge(benchmark, other, think=[Think.NEVER])
    return compose(
        judged,
        protocol(
            revision=benchmark.revision,
            models={one.name: describe(one) for one in (painter, other)},
            documents_think=Think.NEVER,
            num_queries=9,
        ),
    )


def test_markdown_sets_systems_side_by_side(report):
    text = markdown(report)
    assert (
        "| painter never | painter always | other never | painter always less painter never |"
        in text
    )
    # Two of four queries gain, so of four draws the mean lies between none and all.
    assert "| words | unseen | 4 | 0.500 | 1.000 | 0.500 | +0.500 [+0.000, +1.000] |" in text


def test_markdown_tells_prices_endings_and_intervals(report):
    text = markdown(report)
    assert "| words | unseen | painter always | 4 | 1.000 | 1.000 | 1.000 | 3.0 | " in text
    assert "| 2/2/0/0/0 |" in text
    assert "| words | unseen | painter always less painter never | +0.500 [" in text
    assert "At most 9 queries a split" in text
    assert "`c0104d000001`" in text


def test_every_line_of_a_markdown_table_has_as_many_cells_as_its_header(report):
    for block in markdown(report).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_one_system_alone_has_no_table_of_differences(glyphs, painter):
    told = protocol(
        revision="abc",
        models={"painter": describe(painter)},
        documents_think=Think.NEVER,
        num_queries=None,
    )
    alone = compose(judge(read(glyphs), painter, think=[Think.NEVER]), told)
    assert len(terminal(alone)) == 1
    assert "Paired differences" not in markdown(alone)


def test_the_terminal_shows_rows_and_differences(report):
    drawn = io.StringIO()
    console = Console(file=drawn, width=160)
    for table in terminal(report):
        console.print(table)
    text = drawn.getvalue()
    assert "Every task and split" in text
    assert "painter always less other never" in text
