import json

import numpy as np
import pytest

from forethought.evaluation import (
    TaskResult,
    compose_seeds,
    markdown,
    mean_over_seeds,
    protocol,
    terminal_tables,
    write_json,
)
from forethought.types import Ending, Think


def result(
    think: Think, hits: list[float], *, exact: list[float] | None = None, model: str = "lab"
) -> TaskResult:
    thinks = think is not Think.NEVER
    return TaskResult(
        model=model,
        think=think,
        task="steps",
        split="held",
        metrics={"hit@1": np.array(hits, np.float64)},
        tokens=np.full(len(hits), 4 if thinks else 0),
        exact=np.array(exact or [np.nan] * len(hits), np.float64),
        endings={Ending.EMBED: len(hits)} if thinks else {},
    )


RUNS = {
    1: [result(Think.NEVER, [0, 0, 1, 0]), result(Think.ALWAYS, [1, 1, 1, 0], exact=[1, 1, 1, 0])],
    2: [result(Think.NEVER, [0, 0, 1, 1]), result(Think.ALWAYS, [1, 1, 1, 1], exact=[1, 1, 0, 0])],
    3: [result(Think.NEVER, [0, 0, 0, 0]), result(Think.ALWAYS, [1, 0, 1, 0], exact=[1, 0, 1, 0])],
}


@pytest.fixture
def report(colours):
    settings = protocol(colours, models={}, documents_think=Think.NEVER)
    return compose_seeds(RUNS, [result(Think.NEVER, [1, 0, 0, 0], model="other")], settings)


def test_every_seed_has_a_row_and_every_system_a_summary(report):
    assert [(row["seed"], row["model"], row["think"]) for row in report.rows] == [
        *((seed, "lab", think) for seed in RUNS for think in ("never", "always")),
        (None, "other", "never"),
    ]
    assert [(row["model"], row["think"], row["seeds"]) for row in report.summary] == [
        ("lab", "never", 3),
        ("lab", "always", 3),
        ("other", "never", 1),
    ]


def test_a_summary_is_the_mean_over_seeds_and_the_deviation_between_them(report):
    never, always, other = report.summary
    # 1, 2 and 0 of 4 queries; the sample standard deviation of 0.25, 0.5 and 0.
    assert (never["hit@1"], never["deviations"]["hit@1"]) == (0.25, 0.25)
    assert always["hit@1"] == pytest.approx(0.75)
    assert (always["exact"], always["tokens"], always["endings"]["embed"]) == (
        pytest.approx((0.75 + 0.5 + 0.5) / 3),
        4.0,
        12,
    )
    assert always["deviations"]["tokens"] == 0.0
    assert (never["exact"], never["deviations"]["exact"]) == (None, None)
    assert (other["hit@1"], other["deviations"]["hit@1"]) == (0.25, None)


def test_differences_are_of_the_seeds_mean_over_queries(report):
    gain, beside, _ = report.differences
    assert (gain["a"], gain["b"], gain["mean"]) == ("lab always", "lab never", pytest.approx(0.5))
    # Each query gains 1, 2/3, 2/3, 0 in the mean over seeds: no resample lies outside.
    assert 0.0 <= gain["low"] < gain["mean"] < gain["high"] <= 1.0
    assert (beside["a"], beside["b"]) == ("lab never", "other never")


def test_a_query_that_one_seed_did_not_think_about_counts_by_the_others():
    nan = float("nan")
    runs = {
        1: [result(Think.AUTO, [1, 0], exact=[1, nan])],
        2: [result(Think.AUTO, [0, 0], exact=[nan, nan])],
    }
    (mean,) = mean_over_seeds(runs)
    assert mean.metrics["hit@1"].tolist() == [0.5, 0.0]
    assert mean.exact[0] == 1.0
    assert np.isnan(mean.exact[1])
    assert mean.endings[Ending.EMBED] == 4


def test_one_seed_has_no_deviation(colours):
    settings = protocol(colours, models={}, documents_think=Think.NEVER)
    report = compose_seeds({1: RUNS[1]}, [], settings)
    assert report.summary[0]["deviations"]["hit@1"] is None
    assert "±" not in markdown(report).replace("± standard", "")


def test_tables_show_the_spread_and_the_protocol(report):
    text = markdown(report)
    assert "mean over 3 seeds ± standard deviation between them" in text
    assert "| steps | held | lab never | 4 | 0.250 ± 0.250 |  | 0.0 ± 0.0 |" in text
    assert "| steps | held | other never | 4 | 0.250 |  | 0.0 |" in text
    assert "Seeds 1, 2, 3: means over seeds of each seed's mean over queries." in text
    assert len(terminal_tables(report)) == 2


def test_writes_what_json_reads_back(report, tmp_path):
    write_json(report, tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_text())
    assert found["summary"] == list(report.summary)
    assert found["protocol"]["seeds"]["values"] == [1, 2, 3]
