"""Tables out of scores that are written here by hand: two queries of one pool, one of another."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import objective_report
from benchmarks.objective_report import write_report
from benchmarks.objective_results import ObjectiveResult, PooledScore, ResultFile
from benchmarks.objective_suites import ALL, SUITES, Suite, Variant
from forethought.errors import DataError

PAGE = "before\n<!-- small: begin -->\nold\n<!-- small: end -->\nafter\n"


def refuse():
    raise AssertionError("nothing is measured here")


@pytest.fixture
def suite(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    return Suite(
        name="small",
        read=refuse,
        seeds=2,
        variants=(Variant("twin", "the twin", thinks=False), Variant("wise", "the wise one")),
        baseline="twin",
        pools={"hard": (("a", "held"),), "easy": (("b", "held"),)},
        distilled={"twin": "wise"},
    )


def result(variant, label, think, queries, *, exact=(), wrong=()):
    """Three queries, the last of them easy, with two seeds that differ by 0.1 in each pool."""

    def pool(name, values, exact=(), wrong=()):
        mean = sum(values) / len(values)
        return PooledScore(name, (mean - 0.05, mean + 0.05), tuple(values), exact, wrong)

    return ObjectiveResult(
        variant=variant,
        label=label,
        think=think,
        documents="never",
        seconds=(120.0, 90.0),
        tokens=7.25,
        pools=(
            pool(ALL, queries, exact, wrong),
            pool("hard", queries[:2]),
            pool("easy", queries[2:]),
        ),
    )


TWIN = result("twin", "the twin", "never", [0.25, 0.25, 1.0])
PLAIN = result("wise", "the wise one", "never", [0.0, 0.25, 1.0])
THOUGHT = result(
    "wise", "the wise one", "always", [1.0, 0.75, 1.0], exact=(0.5, 0.7), wrong=(0.25, 0.35)
)


def tables(suite, *results):
    page = Path("page.md")
    page.write_text(PAGE)
    write_report(ResultFile(results), suite, page)
    return page.read_text()


def test_the_table_has_means_deviations_and_the_difference_to_the_twin(suite):
    text = tables(suite, THOUGHT, TWIN, PLAIN)
    before, rows, after = text.partition("\n\n|")
    assert before == "before\n<!-- small: begin -->"
    assert after.endswith("|\n\n<!-- small: end -->\nafter\n")
    assert rows
    lines = text.splitlines()
    twin, plain, thought = (
        line for line in lines if "| direct, direct" in line or "| thought," in line
    )
    # The deviation of two seeds 0.1 apart is 0.1 / sqrt(2); the quickest seed took 90 s.
    assert twin.startswith("| the twin | direct, direct | 0.500 ± 0.071 | 0.250 ± 0.071 | 1.000")
    assert twin.endswith("|  |  |  | 7.2 | 1.5 |")
    assert "| -0.083 [" in plain
    assert "| +0.417 [" in thought
    assert thought.endswith("| 0.600 | 0.300 | 7.2 | 1.5 |")
    assert (Path("docs") / "training_small.png").read_bytes()[1:4] == b"PNG"


def test_a_student_retains_a_share_of_what_its_teacher_gains(suite):
    lines = tables(suite, TWIN, PLAIN, THOUGHT).splitlines()
    # Hard: the teacher gains (1.0 + 0.5) / 2, the student (0.25 + 0) / 2. Easy: there is no gain, and
    # the interval of all three queries reaches 0, as they may all be drawn from the easy one.
    assert "| retained | no gain | 17% | no gain |" in lines
    gain = next(line for line in lines if line.startswith("| gain of thinking, the teacher |"))
    assert "| +0.750 [" in gain


def test_a_variant_that_was_not_measured_has_no_row(suite):
    text = tables(suite, TWIN)
    assert "the wise one" not in text
    assert "retained" not in text


def test_a_missing_baseline_is_refused(suite):
    with pytest.raises(DataError, match="twin was not measured"):
        tables(suite, THOUGHT)


def test_a_page_without_the_marks_is_left_as_it_is(suite):
    page = Path("page.md")
    page.write_text(PAGE.replace("<!-- small: end -->", ""))
    with pytest.raises(DataError, match=r"needs <!-- small: begin --> and <!-- small: end -->"):
        write_report(ResultFile((TWIN,)), suite, page)
    assert "old" in page.read_text()


def test_results_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "scores.json"
    ResultFile((TWIN, THOUGHT)).write(path)
    found = ResultFile.read(path)
    assert found == ResultFile((TWIN, THOUGHT))
    changed = replace(THOUGHT, tokens=9.0)
    assert found.with_result(changed).results == (TWIN, changed)
    assert ResultFile.read(tmp_path / "none.json") == ResultFile()


@pytest.mark.parametrize("name", list(SUITES))
def test_every_variant_has_a_recipe_or_a_model_and_the_page_its_marks(name):
    suite = SUITES[name]
    root = Path(objective_report.__file__).parents[1]
    for variant in suite.variants:
        assert (root / (variant.model or variant.recipe)).exists()
    assert {suite.baseline, *suite.distilled, *suite.distilled.values()} <= {
        variant.name for variant in suite.variants
    }
    page = (root / "docs" / "training.md").read_text()
    assert f"<!-- {name}: begin -->" in page
    assert f"<!-- {name}: end -->" in page
