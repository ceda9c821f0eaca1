"""From files to a selection, with an evaluator whose scores are written out here."""

import json

import pytest

from forethought.data import ExampleInputs, ExampleLines, read_candidates
from forethought.errors import ConfigError, ContentError, ModelError
from forethought.selection import (
    Effect,
    Outcome,
    PairIndex,
    Scorer,
    ScoresFile,
    SelectBy,
    SelectionInputs,
    SelectionRule,
    select_inputs,
    summarise,
    write_selection,
)
from forethought.types import Side
from tests.selection.conftest import TableEvaluator, example

EXAMPLES = [
    example("q0", "a", "a-", "a--"),
    example("q1", "b", "b-"),
    example("q2", "c", "c-"),
    example("q3", "d", "d-"),
    {
        **example("q4", "e"),
        "query": {"content": [{"text": "q4"}], "rationale": {"thinking": "old", "answer": "o"}},
    },
]
CANDIDATES = [
    # Δ⁺ 2.0, margin 2.0 - 0.5 = 1.5; then 1.0 less -1.0 = 2.0, which is more.
    (0, "x", "good", "1"),
    (0, "y", "better", "2"),
    # Δ⁺ 1.0, but a negative gains 3: false-helpful.
    (1, "x", "misleading", "3"),
    # 7.5 without a rationale.
    (2, "x", "needless", "4"),
    (3, "x", "it is d", "5"),
]
TABLE = {
    ("q0", "a", ""): 1.0,
    ("q0", "a", "good"): 3.0,
    ("q0", "a-", "good"): 0.5,
    ("q0", "a--", "good"): -4.0,
    ("q0", "a", "better"): 2.0,
    ("q0", "a-", "better"): -1.0,
    ("q0", "a--", "better"): -2.0,
    ("q1", "b", "misleading"): 1.0,
    ("q1", "b-", "misleading"): 3.0,
    ("q2", "c", ""): 7.5,
    ("q2", "c", "needless"): 8.5,
    # Rationales of other inputs: they lower the score of q0 and pass for q1.
    ("q0", "a", "misleading"): -2.0,
    ("q0", "a", "needless"): -2.0,
    ("q1", "b", "better"): 2.0,
    ("q1", "b", "good"): 2.0,
    ("q1", "b", "needless"): 2.0,
}


MARGIN = SelectionRule()


class Run:
    """Selects from files, with scores beside them."""

    def __init__(self, examples, candidates, evaluator=None):
        self.path, self.evaluator = examples, evaluator or TableEvaluator(dict(TABLE))
        self.lines = ExampleLines(examples)
        self.candidates = read_candidates(candidates, ExampleInputs.read(examples))
        self.scores = examples.with_name("scores.jsonl")

    def __call__(self, rule=MARGIN, *, side=Side.QUERY, batch_size=2, **settings):
        inputs = SelectionInputs(PairIndex(self.lines), self.candidates, **settings)
        with ScoresFile.open(self.scores) as file:
            needs = rule.by.has_effects
            scorer = Scorer(self.lines, self.evaluator, file, batch_size)
            return select_inputs(inputs, rule, scorers={side: scorer} if needs else {})


@pytest.fixture
def run(write):
    return Run(*write(EXAMPLES, CANDIDATES))


def chosen(selection):
    return [one.chosen.candidate.thinking if one.chosen else None for one in selection.inputs]


def test_the_best_margin_above_both_bounds_is_selected(run):
    selection = run()
    assert chosen(selection) == ["better", None, None, None, None]
    assert [one.choice.outcome for one in selection.inputs] == [
        Outcome.CHOSEN,
        Outcome.NO_MARGIN,
        Outcome.EASY,
        Outcome.REFUSED,
        Outcome.NO_CANDIDATE,
    ]
    effects = [one.effect for one in selection.inputs[0].candidates]
    assert effects == [Effect(2.0, 1.5, 1.0), Effect(1.0, 2.0, 1.0)]


def test_the_controls_and_the_effect_alone(run):
    assert chosen(run(SelectionRule(SelectBy.COUNTERFACTUAL))) == [
        "good",
        "misleading",
        *[None] * 3,
    ]
    assert chosen(run(SelectionRule(SelectBy.FIRST))) == [
        "good",
        "misleading",
        "needless",
        None,
        None,
    ]
    assert chosen(run(allow_label=True, num_swaps=0))[3] is None
    first = run(SelectionRule(SelectBy.FIRST), allow_label=True)
    assert chosen(first)[3] == "it is d"


def test_workers_may_be_chosen_and_are_named_if_unknown(run):
    assert chosen(run(workers=["x"]))[0] == "good"
    with pytest.raises(ConfigError, match="no candidates of a worker 'z'; the workers are x, y"):
        run(workers=["z"])


def test_the_order_of_the_file_does_not_matter(write, run):
    reversed_run = Run(*write(EXAMPLES, CANDIDATES[::-1]))
    for by in SelectBy:
        if by is not SelectBy.LIKELIHOOD:
            assert chosen(reversed_run(SelectionRule(by))) == chosen(run(SelectionRule(by)))


def test_other_bounds_score_nothing_again(run):
    run()
    calls = len(run.evaluator.calls)
    assert calls > 0
    again = run(SelectionRule(min_gain=1.5, min_margin=0.1))
    assert len(run.evaluator.calls) == calls
    assert chosen(again)[0] is None
    run.evaluator.settings = ("evaluator=other",)
    run()
    assert len(run.evaluator.calls) == 2 * calls


def test_an_interrupted_run_scores_only_what_is_left(run):
    class Broken(TableEvaluator):
        def score(self, groups):
            if self.calls:
                raise KeyboardInterrupt
            return super().score(groups)

    whole = run(num_swaps=0)
    number = sum(len(thoughts) for _, _, thoughts in run.evaluator.calls)
    run.scores.unlink()
    run.evaluator = Broken(dict(TABLE))
    with pytest.raises(KeyboardInterrupt):
        run(num_swaps=0, batch_size=1)
    run.evaluator = TableEvaluator(dict(TABLE))
    assert run(num_swaps=0) == whole
    left = sum(len(thoughts) for _, _, thoughts in run.evaluator.calls)
    # The first input's two rationales were scored.
    assert left == number - 2


def test_the_swap_test_uses_rationales_of_unrelated_inputs(run):
    selection = run()
    swaps = {one.place.line: one for one in selection.swaps}
    assert set(swaps) == {0, 1, 2}
    assert swaps[0].swapped.gain == -3.0
    assert swaps[1].swapped.gain == 2.0
    assert [effect.gain for effect in swaps[0].effects] == [2.0, 1.0]
    report = summarise(selection)
    assert (report.swapped.count, report.swapped.passing.count) == (3, 1)
    # Inputs 0, 1 and 2 have four candidates, of which the two of input 0 pass.
    assert (report.beside_swapped.count, report.beside_swapped.passing.count) == (4, 2)
    assert run(num_swaps=0).swaps == ()


def test_the_report_counts_what_was_selected(run):
    report = summarise(run())
    assert (report.rate.count, report.rate.total) == (1, 5)
    assert report.tasks["default"].rate == 0.2
    assert report.outcomes == {
        Outcome.CHOSEN: 1,
        Outcome.NO_CANDIDATE: 1,
        Outcome.REFUSED: 1,
        Outcome.EASY: 1,
        Outcome.NO_MARGIN: 1,
    }
    assert report.refusals == {"states the label": 1}
    # Gains 2, 1, 1, 1; margins 1.5, 2, -2, 1.
    assert report.candidates.gain == pytest.approx(1.25)
    assert report.candidates.margin == pytest.approx(0.625)
    assert (report.candidates.false_helpful.count, report.candidates.false_helpful.total) == (1, 4)
    workers = {one.worker: one for one in report.workers}
    assert (workers["x"].candidates, workers["x"].refused, workers["x"].chosen.count) == (4, 1, 0)
    assert workers["x"].effects.gain == pytest.approx(4 / 3)
    assert (workers["y"].chosen.count, workers["y"].chosen.rate) == (1, 1.0)


def test_only_the_rationale_of_a_line_changes(run, tmp_path):
    out = tmp_path / "out.jsonl"
    write_selection(out, run.lines, run().inputs)
    written = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert written[0]["query"].pop("rationale") == {"thinking": "better", "answer": "2"}
    expected = json.loads(json.dumps(EXAMPLES))
    del expected[4]["query"]["rationale"]
    assert written == expected
    rationale = ExampleLines(out)[0].query.rationale
    assert rationale is not None
    assert rationale.answer == "2"


def test_rationales_of_documents_are_scored_against_queries(write, tmp_path):
    examples = [example("q0", "a", task="t"), example("q1", "b", task="t")]
    table = {("a", "q0", "of a"): 2.0, ("a", "q1", "of a"): 0.5}
    file, written = write(examples, [(0, "x", "of a", "1")], side="document")
    run = Run(file, written, evaluator=TableEvaluator(table))
    selection = run(side=Side.DOCUMENT)
    assert run.evaluator.calls[0][:2] == ("a", ["q0", "q1"])
    assert selection.inputs[0].candidates[0].effect == Effect(2.0, 1.5, 0.0)
    out = tmp_path / "out.jsonl"
    write_selection(out, run.lines, selection.inputs)
    first, second = map(json.loads, out.read_text().splitlines())
    assert first["positives"][0]["rationale"] == {"thinking": "of a", "answer": "1"}
    assert (first["query"], second) == (examples[0]["query"], examples[1])


def test_a_score_that_is_not_finite_stops_the_run_and_is_not_stored(run):
    run.evaluator.table["q1", "b-", "misleading"] = float("nan")
    with pytest.raises(ModelError, match="not finite"):
        run(num_swaps=0, batch_size=1)
    assert "NaN" not in run.scores.read_text()


def test_an_input_of_no_use_is_named_by_its_line(run):
    class Short(TableEvaluator):
        def score(self, groups):
            if any(group.rationales[0].thinking == "misleading" for group in groups):
                raise ContentError("too long")
            return super().score(groups)

    run.evaluator = Short(dict(TABLE))
    with pytest.raises(ContentError, match=r"examples\.jsonl, line 2: too long"):
        run(num_swaps=0, batch_size=3)


def test_a_changed_picture_is_scored_again(write, tmp_path):
    import PIL.Image

    line = example("q0", "a", "a-")
    line["query"]["content"].append({"image": "p.png"})
    PIL.Image.new("RGB", (8, 8), "red").save(tmp_path / "p.png")
    run = Run(*write([line], [(0, "x", "good", "1")]))

    class Silent(TableEvaluator):
        def score(self, groups):
            self.calls.append(groups)
            import numpy as np

            from forethought.selection import PairScores

            return [PairScores(np.ones((1, 2)), np.zeros((1, 2))) for _ in groups]

    run.evaluator = Silent()
    for count, colour in ((1, "red"), (1, "red"), (2, "blue")):
        PIL.Image.new("RGB", (8, 8), colour).save(tmp_path / "p.png")
        run(num_swaps=0)
        assert len(run.evaluator.calls) == count
