import dataclasses
import io

import pytest
from rich.console import Console

from forethought.evaluation import (
    compose,
    describe_encoder,
    evaluate,
    markdown,
    protocol,
    terminal_tables,
)
from forethought.types import Think


@pytest.fixture
def report(colours, painter, rename):
    benchmark, other = dataclasses.replace(colours, max_queries=9), rename(painter, "other")
    results = evaluate(benchmark, painter, think=[Think.NEVER, Think.ALWAYS])
    results += evaluate(benchmark, other, think=[Think.NEVER])
    models = {one.name: describe_encoder(one) for one in (painter, other)}
    return compose(results, protocol(benchmark, models=models, documents_think=Think.NEVER))


def test_markdown_sets_systems_side_by_side(report):
    text = markdown(report)
    assert (
        "| painter never | painter always | other never | painter always less painter never |"
        in text
    )
    # Two of four queries gain, so of four draws the mean lies between none and all.
    assert "| words | unseen | 4 | 0.500 | 1.000 | 0.500 | +0.500 [+0.000, +1.000] |" in text


def test_markdown_gives_costs_endings_and_intervals(report):
    text = markdown(report)
    assert "| words | unseen | painter always | 4 | 1.000 | 1.000 | 1.000 | 3.0 | " in text
    assert "| 2/2/0/0/0 |" in text
    assert "| words | unseen | painter always less painter never | +0.500 [" in text


def test_answers_have_a_column_where_there_are_any(report, colours, painter):
    assert "answers exact" not in markdown(report)
    style, words = colours.tasks
    right = (("red",), ("blue",), ("green",), ("brown",))
    benchmark = dataclasses.replace(
        colours, tasks=(dataclasses.replace(words, answers=right), style)
    )
    found = compose(
        evaluate(benchmark, painter, think=[Think.NEVER, Think.ALWAYS]), report.protocol
    )
    text = markdown(found)
    assert "| hit@1 | recall@10 | ndcg@5 | answers exact | tokens |" in text
    assert "| words | unseen | painter always | 4 | 1.000 | 1.000 | 1.000 | 0.750 | 3.0 |" in text
    assert "| words | unseen | painter never | 4 | 0.500 | 1.000 | 0.750 |  | 0.0 |" in text


def test_markdown_ends_with_the_protocol(report):
    footnote = markdown(report).splitlines()[-1]
    assert footnote.startswith("Protocol: colours (plain pictures), data `abc`; painter `c0104d")
    assert "At most 9 queries a split" in footnote


def test_every_line_of_a_markdown_table_has_as_many_cells_as_its_header(report):
    for block in markdown(report).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_one_system_alone_has_no_table_of_differences(colours, painter):
    alone = compose(
        evaluate(colours, painter, think=[Think.NEVER]),
        protocol(
            colours, models={"painter": describe_encoder(painter)}, documents_think=Think.NEVER
        ),
    )
    assert len(terminal_tables(alone)) == 1
    assert "Paired differences" not in markdown(alone)


def test_the_terminal_prints_rows_and_differences(report):
    file = io.StringIO()
    console = Console(file=file, width=160)
    for table in terminal_tables(report):
        console.print(table)
    text = file.getvalue()
    assert "Every task and split" in text
    assert "painter always less other never" in text
