import json

import numpy as np
import pytest

from forethought.errors import DataError
from forethought.evaluation import TaskResult, compose, evaluate, write_json
from forethought.types import Ending, Think

KEYS = ["hit@1", "recall@10", "ndcg@5"]
SETTINGS = {"data_revision": "abc"}


def result(
    model: str,
    think: Think,
    hits: list[int],
    *,
    task: str = "words",
    endings: dict[Ending, int] | None = None,
    exact: list[float] | None = None,
) -> TaskResult:
    values = np.array(hits, dtype=float)
    return TaskResult(
        model=model,
        think=think,
        task=task,
        split="unseen",
        metrics={"hit@1": values, "recall@10": np.ones(len(hits)), "ndcg@5": values / 2},
        tokens=np.arange(len(hits)),
        exact=np.array(exact or [np.nan] * len(hits), dtype=float),
        endings=endings or {},
    )


def test_rows_hold_the_promised_keys():
    report = compose(
        [result("small", Think.ALWAYS, [1, 0, 1, 1], endings={Ending.EMBED: 3, Ending.LENGTH: 1})],
        SETTINGS,
    )
    assert (list(report.metrics), report.protocol) == (KEYS, SETTINGS)
    assert report.rows == (
        {
            "model": "small",
            "task": "words",
            "split": "unseen",
            "think": "always",
            "queries": 4,
            "hit@1": 0.75,
            "recall@10": 1.0,
            "ndcg@5": 0.375,
            "tokens": 1.5,
            "exact": None,
            "endings": {ending.value: 0 for ending in Ending} | {"embed": 3, "length": 1},
        },
    )


def test_compares_a_model_with_its_cheaper_modes_and_with_the_others():
    report = compose(
        [
            result("small", Think.ALWAYS, [1, 0, 1]),
            result("small", Think.NEVER, [0, 0, 1]),
            result("small", Think.AUTO, [1, 0, 0]),
            result("other", Think.NEVER, [0, 1, 0]),
        ],
        SETTINGS,
    )
    pairs = list(dict.fromkeys((row["a"], row["b"]) for row in report.differences))
    assert pairs == [
        ("small auto", "small never"),
        ("small always", "small never"),
        ("small always", "small auto"),
        ("small never", "other never"),
        ("small auto", "other never"),
        ("small always", "other never"),
    ]
    assert [row["metric"] for row in report.differences[:3]] == KEYS


def test_a_difference_is_the_first_less_the_second():
    (row, *_) = compose(
        [result("small", Think.NEVER, [0, 0, 1]), result("small", Think.ALWAYS, [1, 0, 1])],
        SETTINGS,
    ).differences
    assert list(row) == ["task", "split", "metric", "a", "b", "mean", "low", "high"]
    assert (row["a"], row["mean"]) == ("small always", pytest.approx(1 / 3))
    assert row["low"] <= row["mean"] <= row["high"]


def test_tasks_of_one_split_are_pooled_over_queries():
    report = compose(
        [
            result("small", Think.NEVER, [1, 0, 1, 1], endings={Ending.EMBED: 2}),
            result("small", Think.NEVER, [0, 0], task="style", endings={Ending.EMBED: 1}),
        ],
        SETTINGS,
    )
    pooled = report.rows[-1]
    # 3 hits of 6 queries; tokens 0+1+2+3+0+1 = 7 of 6.
    assert (pooled["task"], pooled["queries"], pooled["hit@1"]) == ("all", 6, 0.5)
    assert pooled["tokens"] == pytest.approx(7 / 6)
    assert pooled["endings"]["embed"] == 3


def test_writes_what_json_reads_back(tmp_path, colours, painter):
    report = compose(evaluate(colours, painter, think=[Think.NEVER, Think.ALWAYS]), SETTINGS)
    path = tmp_path / "report.json"
    path.write_text("an older report")
    write_json(report, path)
    found = json.loads(path.read_text())
    assert list(found) == ["metrics", "protocol", "rows", "differences", "summary"]
    assert (found["rows"], found["summary"]) == (list(report.rows), [])
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_refuses_a_path_that_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match=r"absent/report\.json: cannot be written"):
        write_json(
            compose([result("small", Think.NEVER, [1])], SETTINGS), tmp_path / "absent/report.json"
        )


def test_answers_count_where_something_was_thought():
    nan = float("nan")
    report = compose(
        [
            result("small", Think.AUTO, [1, 0, 1, 1], exact=[1, nan, 0, 1]),
            result("small", Think.AUTO, [1, 0], task="style", exact=[nan, nan]),
        ],
        SETTINGS,
    )
    # Two of three thoughts; the pictures of the other task have no answers.
    assert [row["exact"] for row in report.rows] == [
        pytest.approx(2 / 3),
        None,
        pytest.approx(2 / 3),
    ]
