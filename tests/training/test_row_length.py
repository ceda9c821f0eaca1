import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from forethought.data import JsonLines, OnError, SkippedRowError, TaskBatches
from forethought.errors import DataError
from forethought.training.batch_builder import BatchBuilder
from forethought.training.row_length import leave_out
from forethought.types import Side
from tests import tiny

# A row of the tiny tokenizer has one token a byte or less.
LONG = "red " * 30


def source(folder, *, thinking="Red.", text="a mug", negative="a jug", on_error=OnError.RAISE):
    rationale = {"thinking": "Blue.", "answer": "blue"}
    rows: list[dict[str, Any]] = [
        {
            "query": {"content": [{"text": f"query {index}"}], "rationale": rationale},
            "positives": [{"content": [{"text": f"document {index}"}], "rationale": rationale}],
            "negatives": [{"content": [{"text": f"other {index}"}]}],
        }
        for index in range(4)
    ]
    rows[2]["query"]["rationale"] = {"thinking": thinking, "answer": "red"}
    rows[2]["positives"][0]["content"] = [{"text": text}]
    rows[2]["negatives"][0]["content"] = [{"text": negative}]
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return JsonLines(path, on_error=on_error)


@pytest.fixture
def draw(tiny_encoder, tmp_path):
    """Draws the four rows of a file, of which one may be long."""

    def make(*, max_tokens=None, sft=1.0, thinks=(Side.QUERY, Side.DOCUMENT), **row):
        rows = source(tmp_path, **row)
        builder = BatchBuilder(
            source=rows,
            batches=TaskBatches(rows, 3),
            renderer=tiny_encoder.renderer,
            thinks=frozenset(Side),
            augment=None,
            seed=3,
            max_tokens=max_tokens,
        )
        stage = dataclasses.replace(
            tiny.stage("any", data=Path("data"), steps=3, rate=0.1),
            batch=4,
            tasks=(),
            negatives=1,
            self_generated=0.0,
            sft=sft,
            oracle=0.0,
            thinks=thinks,
            objectives=tiny.stage("any", data=Path("data"), steps=3, rate=0.1).objectives[:1],
        )
        return builder, builder.draw(0, stage), stage

    return make


def longest(builder, drawn, stage):
    rows = builder.rows(drawn, [], stage).rows
    return max(len(row.prompt.prefix_ids) + len(row.completion) for row in rows)


def test_rows_that_fit_exactly_are_drawn(draw):
    builder, drawn, stage = draw(thinking=LONG)
    most = longest(builder, drawn, stage)
    _, again, _ = draw(thinking=LONG, max_tokens=most)
    assert again.indices == drawn.indices
    assert (len(again.indices), again.skipped) == (4, 0)
    with pytest.raises(DataError, match=f"has {most} tokens.*at most {most - 1}: shorten it"):
        draw(thinking=LONG, max_tokens=most - 1)


@pytest.mark.parametrize("part", ["thinking", "text", "negative"])
def test_a_long_row_stops_a_run_by_its_name(draw, part):
    with pytest.raises(DataError, match=r"rows\.jsonl, line 3: a side has \d+ tokens"):
        draw(max_tokens=80, **{part: LONG})


@pytest.mark.parametrize("part", ["thinking", "text", "negative"])
def test_a_long_row_is_left_out_and_counted_where_rows_are_skipped(draw, part, caplog):
    builder, drawn, stage = draw(max_tokens=80, on_error=OnError.SKIP, **{part: LONG})
    assert drawn.skipped == 1
    assert sorted(drawn.indices) == [0, 1, 3]
    assert len(drawn.queries) == len(drawn.documents) == len(drawn.negatives) == 3
    assert longest(builder, drawn, stage) <= 80
    assert builder.source.skipped == 1
    assert "rows.jsonl, line 3: a side has" in caplog.text


def test_a_rationale_that_a_stage_does_not_read_takes_no_room(draw):
    _, drawn, _ = draw(thinking=LONG, max_tokens=80, sft=0.0)
    assert len(drawn.indices) == 4
    _, drawn, _ = draw(thinking=LONG, max_tokens=80, thinks=(Side.DOCUMENT,))
    assert len(drawn.indices) == 4


def test_a_prompt_and_its_rationale_fit_the_context_of_the_model(draw, tiny_encoder):
    context = tiny_encoder.renderer.layout.context
    with pytest.raises(DataError, match=rf"rows\.jsonl, line 3: .*at most {context}"):
        draw(thinking="red " * context)
    with pytest.raises(DataError, match=rf"rows\.jsonl, line 3: .*context holds {context}"):
        draw(text="red " * context)


def test_an_example_of_another_source_is_named_by_its_index(tmp_path):
    part = source(tmp_path, on_error=OnError.SKIP).shard(0, 2)
    with pytest.raises(DataError, match=r"^example 1 of the data: too long") as refused:
        leave_out(part, 1, "too long")
    assert not isinstance(refused.value, SkippedRowError)


def test_a_source_that_skips_says_so_by_its_error(tmp_path):
    with pytest.raises(SkippedRowError, match=r"rows\.jsonl, line 2: too long"):
        source(tmp_path, on_error=OnError.SKIP).reject(1, "too long")
