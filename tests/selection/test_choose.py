from collections import Counter

import numpy as np
import pytest

from forethought.data import Candidate
from forethought.errors import ConfigError
from forethought.selection import (
    Choice,
    Effect,
    Outcome,
    ScoredCandidate,
    SelectBy,
    SelectionRule,
    choose,
    limit_rate,
)
from forethought.types import Side


def scored(*effects, refused=()):
    return [
        ScoredCandidate(
            Candidate(
                line=0,
                side=Side.QUERY,
                worker=f"w{i}",
                sample=0,
                thinking="t",
                answer="a",
                input="",
            ),
            effect=None if i in refused else Effect(*effect),
            log_likelihood=effect[0],
            refused="states the label" if i in refused else "",
        )
        for i, effect in enumerate(effects)
    ]


RULE = SelectionRule(min_gain=0.3, min_margin=0.5, easy=4.0)


@pytest.mark.parametrize(
    ("effects", "chosen", "outcome"),
    [
        ([(0.4, 0.6, 1.0), (0.9, 0.55, 1.0)], 0, Outcome.CHOSEN),
        ([(0.3, 0.6, 1.0)], None, Outcome.NO_GAIN),
        ([(0.4, 0.5, 1.0)], None, Outcome.NO_MARGIN),
        # The best by margin decides, though another one would pass both bounds.
        ([(0.1, 3.0, 1.0), (0.9, 0.8, 1.0)], None, Outcome.NO_GAIN),
        ([(0.9, 0.8, 4.1)], None, Outcome.EASY),
        ([(0.9, 0.8, 4.0)], 0, Outcome.CHOSEN),
        ([], None, Outcome.NO_CANDIDATE),
    ],
)
def test_by_margin(effects, chosen, outcome):
    choice = choose(scored(*effects), RULE, key="q")
    assert (choice.chosen, choice.outcome) == (chosen, outcome)


def test_by_counterfactual_has_no_second_bound():
    rule = SelectionRule(SelectBy.COUNTERFACTUAL, min_gain=0.3, easy=4.0)
    effects = scored((0.4, 9.0, 0.0), (0.9, -5.0, 0.0))
    assert choose(effects, rule, key="q") == Choice(Outcome.CHOSEN, 1, 1, 0.9)
    assert choose(scored((0.2, 9.0, 0.0)), rule, key="q").outcome is Outcome.NO_GAIN


def test_refused_candidates_are_never_selected():
    effects = scored((9.0, 9.0, 0.0), (0.4, 0.6, 0.0), refused={0})
    for by in SelectBy:
        assert choose(effects, SelectionRule(by), key="q").chosen == 1
    every = scored((9.0, 9.0, 0.0), refused={0})
    assert choose(every, RULE, key="q") == Choice(Outcome.REFUSED)


def test_controls_do_not_depend_on_effects():
    effects = scored((-9.0, -9.0, 9.0), (-3.0, -9.0, 9.0), (-5.0, 3.0, 0.0))
    assert choose(effects, SelectionRule(SelectBy.FIRST), key="q").chosen == 0
    assert choose(effects, SelectionRule(SelectBy.LIKELIHOOD), key="q").chosen == 1
    draws = Counter(
        choose(effects, SelectionRule(SelectBy.RANDOM, seed=3), key=f"{n}").chosen
        for n in range(300)
    )
    assert set(draws) == {0, 1, 2}
    assert min(draws.values()) > 70


def test_the_same_seed_draws_the_same():
    effects = scored(*[(1.0, 1.0, 0.0)] * 5)
    for rule in (SelectionRule(SelectBy.RANDOM, seed=4), SelectionRule(soft=0.7, seed=4)):
        first, again = ([choose(effects, rule, key=f"{n}") for n in range(40)] for _ in range(2))
        assert first == again
        other = SelectionRule(rule.by, soft=rule.soft, seed=5)
        assert first != [choose(effects, other, key=f"{n}") for n in range(40)]


def test_the_soft_posterior_draws_those_that_pass_by_their_margin():
    # exp(1.0 / 0.5) : exp(2.0 / 0.5) = 0.119 : 0.881; the third has no gain.
    effects = scored((0.9, 1.0, 0.0), (0.9, 2.0, 0.0), (0.1, 9.0, 0.0))
    rule = SelectionRule(min_gain=0.3, min_margin=0.5, soft=0.5)
    draws = Counter(choose(effects, rule, key=f"{n}").chosen for n in range(1000))
    assert set(draws) == {0, 1}
    assert draws[0] / 1000 == pytest.approx(1 / (1 + np.exp(2)), abs=0.03)
    assert choose(scored((0.1, 9.0, 0.0)), rule, key="q").outcome is Outcome.NO_GAIN


def test_a_rate_is_a_share_of_all_inputs_and_takes_the_strongest():
    rule = SelectionRule(rate=0.4)
    choices = [
        choose(scored((0.1, margin, 0.0)), rule, key="q") for margin in (0.3, 0.9, -0.1, 0.2, 0.5)
    ]
    assert [one.chosen for one in choices] == [0, 0, None, 0, 0]
    limited = limit_rate(choices, 0.4)
    assert [one.chosen for one in limited] == [None, 0, None, None, 0]
    assert limited[0].outcome is Outcome.BELOW_RATE
    assert limited[2].outcome is Outcome.NO_MARGIN


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"rate": 0.0}, r"rate must be in \(0, 1\], got 0.0"),
        ({"soft": -1.0}, r"β of the soft posterior must be positive, got -1"),
        ({"soft": 1.0, "by": SelectBy.RANDOM}, "selection by random has none of"),
        ({"seed": -1}, "seed must be 0 or more"),
    ],
)
def test_wrong_settings_are_refused(settings, match):
    with pytest.raises(ConfigError, match=match):
        SelectionRule(**settings)
