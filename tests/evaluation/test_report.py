import json
from importlib import metadata
from typing import Any

import numpy as np
import pytest

from forethought.errors import DataError
from forethought.evaluation import (
    Judged,
    compose,
    describe,
    judge,
    protocol,
    read,
    write_json,
    write_text,
)
from forethought.types import Ending, Think

KEYS = ["hit@1", "recall@10", "ndcg@5"]


def judged(
    model: str,
    think: Think,
    hits: list[int],
    *,
    task: str = "words",
    endings: dict[Ending, int] | None = None,
) -> Judged:
    values = np.array(hits, dtype=float)
    return Judged(
        model=model,
        think=think,
        task=task,
        split="unseen",
        metrics={"hit@1": values, "recall@10": np.ones(len(hits)), "ndcg@5": values / 2},
        tokens=np.arange(len(hits)),
        endings=endings or {},
    )


def told(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "revision": "abc",
        "models": {"nano": {"revision": "def"}},
        "documents_think": Think.NEVER,
        "num_queries": None,
    }
    return protocol(**(given | changes))


def test_rows_hold_exactly_what_was_promised():
    report = compose(
        [judged("nano", Think.ALWAYS, [1, 0, 1, 1], endings={Ending.EMBED: 3, Ending.LENGTH: 1})],
        told(),
    )
    assert report.rows == (
        {
            "model": "nano",
            "task": "words",
            "split": "unseen",
            "think": "always",
            "queries": 4,
            "hit@1": 0.75,
            "recall@10": 1.0,
            "ndcg@5": 0.375,
            "tokens": 1.5,
            "endings": {"embed": 3, "length": 1, "malformed": 0, "loop": 0, "early_exit": 0},
        },
    )


def test_sets_a_model_against_itself_thinking_less_and_against_the_others():
    report = compose(
        [
            judged("nano", Think.ALWAYS, [1, 0, 1]),
            judged("nano", Think.NEVER, [0, 0, 1]),
            judged("nano", Think.AUTO, [1, 0, 0]),
            judged("afternoon", Think.NEVER, [0, 1, 0]),
        ],
        told(),
    )
    pairs = list(dict.fromkeys((row["a"], row["b"]) for row in report.differences))
    assert pairs == [
        ("nano auto", "nano never"),
        ("nano always", "nano never"),
        ("nano always", "nano auto"),
        ("nano never", "afternoon never"),
        ("nano auto", "afternoon never"),
        ("nano always", "afternoon never"),
    ]
    assert [row["metric"] for row in report.differences[:3]] == KEYS


def test_a_difference_is_the_first_less_the_second():
    (row, *_) = compose(
        [judged("nano", Think.NEVER, [0, 0, 1]), judged("nano", Think.ALWAYS, [1, 0, 1])], told()
    ).differences
    assert list(row) == ["task", "split", "metric", "a", "b", "mean", "low", "high"]
    assert (row["a"], row["mean"]) == ("nano always", pytest.approx(1 / 3))
    assert row["low"] <= row["mean"] <= row["high"]


def test_tasks_of_one_split_are_pooled_over_queries():
    report = compose(
        [
            judged("nano", Think.NEVER, [1, 0, 1, 1], endings={Ending.EMBED: 2}),
            judged("nano", Think.NEVER, [0, 0], task="style", endings={Ending.EMBED: 1}),
        ],
        told(),
    )
    pooled = report.rows[-1]
    # 3 hits of 6 queries; tokens 0+1+2+3+0+1 = 7 of 6.
    assert (pooled["task"], pooled["queries"], pooled["hit@1"]) == ("all", 6, 0.5)
    assert pooled["tokens"] == pytest.approx(7 / 6)
    assert pooled["endings"]["embed"] == 3


def test_the_protocol_says_what_the_numbers_depend_on():
    found = told(num_queries=7, documents_think=Think.ALWAYS)
    assert (found["data_revision"], found["queries_cap"]) == ("abc", 7)
    assert found["think"]["document"] == "always"
    assert found["versions"]["torch"] == metadata.version("torch")
    assert "non-relevant" in found["ties"]
    assert found["interval"]["resamples"] == 10_000


def test_describes_a_model_by_its_weights(painter):
    assert describe(painter) == {"revision": "c0104d000001", "dimension": 3}


def test_writes_what_json_reads_back(tmp_path, glyphs, painter):
    report = compose(judge(read(glyphs), painter, think=[Think.NEVER, Think.ALWAYS]), told())
    path = tmp_path / "report.json"
    path.write_text("an older report")
    write_json(report, path)
    found = json.loads(path.read_text())
    assert list(found) == ["protocol", "rows", "differences"]
    assert found["rows"] == list(report.rows)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["report.json"]


def test_refuses_a_place_that_cannot_be_written_and_leaves_nothing(tmp_path):
    (tmp_path / "report.json").mkdir()
    with pytest.raises(DataError, match=r"report\.json: cannot be written"):
        write_text("words", tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
