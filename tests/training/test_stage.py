import dataclasses
from pathlib import Path

import pytest

from forethought.errors import ConfigError
from forethought.nano.statement_loss import Statements
from forethought.training.contrastive import DirectContrast
from forethought.training.stage import ObjectiveSettings, TaskWeight
from forethought.types import Side
from tests import tiny

DIRECT = ObjectiveSettings("direct", 0.9, settings={"temperature": 0.07})
FACTS = ObjectiveSettings(
    "forethought.nano:Statements", 0.3, settings={"path": "facts.parquet", "count": 3}
)
THOUGHT = (ObjectiveSettings("thought", 0.9, settings={"temperature": 0.07}),)
STAGE = tiny.stage("any", data=Path("data"), steps=9, rate=0.6)


def changed(**changes):
    return dataclasses.replace(STAGE, **changes)


def test_an_objective_is_found_by_name_or_import_path():
    assert DIRECT.objective == DirectContrast(temperature=0.07)
    assert FACTS.objective == Statements(Path("facts.parquet"), 3)


def test_a_term_is_named_as_given_or_for_what_it_uses():
    assert (DIRECT.term, FACTS.term) == ("direct", "Statements")
    assert dataclasses.replace(FACTS, name="facts").term == "facts"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("derect", 0.5), r"unknown objective 'derect'; did you mean 'direct'\?; .* 'module:Name'"),
        (("forethought.nano:Statement", 0.5), "cannot be imported .*no attribute 'Statement'"),
        (("nowhere:Name", 0.5), "'nowhere:Name' cannot be imported"),
        (("direct", 0.5), "missing 'temperature': no default; add it"),
        (("json:dumps", 0.5), "is no dataclass"),
    ],
)
def test_an_objective_that_cannot_be_built_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        ObjectiveSettings(*settings)


def test_an_unknown_key_of_an_objective_is_refused():
    with pytest.raises(ConfigError, match="unknown key 'temprature'; did you mean 'temperature'"):
        ObjectiveSettings("direct", 0.5, settings={"temprature": 0.07})


def test_a_term_without_weight_is_refused():
    with pytest.raises(ValueError, match=r"weight of 'direct' must be more than 0, got 0"):
        dataclasses.replace(DIRECT, weight=0.0)


def test_a_task_that_is_never_drawn_is_refused():
    with pytest.raises(ValueError, match=r"weight of 'name' must be more than 0, got 0.0"):
        TaskWeight("name", 0.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be 1 or more and batch 0 or at least 2, got 0 and 6"),
        ({"batch": 1}, "batch 0 or at least 2, got 9 and 1"),
        ({"sft": -0.1}, "sft, self_generated and oracle are shares of a batch, .* got -0.1, 0.0"),
        ({"sft": 1.1}, "shares of a batch, .* got 1.1, 0.0, 0.0"),
        ({"oracle": 0.6, "self_generated": 0.5}, "together at most 1, got 0.34, 0.5, 0.6"),
        ({"accumulation": 0}, "accumulation must be 1 or more .* got 0 and 0"),
        ({"sub_batch": 1}, "sub_batch from 2 to the batch of 6, got 1 and 1"),
        ({"sub_batch": 7}, "sub_batch from 2 to the batch of 6, got 1 and 7"),
        ({"sub_batch": -2}, "sub_batch from 2 to the batch of 6, got 1 and -2"),
        ({"objectives": THOUGHT, "thinks": (Side.DOCUMENT,)}, r"add 'query' to thinks, got \['doc"),
        ({"objectives": THOUGHT}, "objective 'thought' needs self_generated or oracle to be more"),
        ({"thinks": ()}, r"thinks names one or both sides, got \[\]"),
        ({"thinks": (Side.QUERY, Side.QUERY)}, "thinks names one or both sides"),
        ({"negatives": -1}, "must be 0 or more, got -1, 2 and 2"),
        ({"objectives": ()}, r"a stage needs objectives, with a name of its own each, got \[\]"),
        ({"objectives": (DIRECT, DIRECT)}, r"name of its own each, got \['direct', 'direct'\]"),
        ({"batch": 0}, "objective 'direct' needs pairs: set batch to 2 or more"),
        ({"sft": 0.0}, "objective 'next_token' needs sft to be more than 0"),
    ],
)
def test_a_stage_out_of_range_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        changed(**changes)


def test_without_pairs_other_objectives_may_learn():
    alone = changed(batch=0, objectives=(FACTS,), tasks=())
    assert alone.odds == {}


def test_the_rate_warms_up_holds_and_falls():
    # Two steps up to 0.6, hold, then over the last four from 0.6 down towards a tenth of it:
    # shares 4/4, 3/4, 2/4, 1/4 of the way between 0.06 and 0.6.
    stage = changed(warmup=2, cooldown=4, final_rate=0.1)
    rates = [stage.rate_at(index) for index in range(9)]
    assert rates == pytest.approx([0.3, 0.6, 0.6, 0.6, 0.6, 0.6, 0.465, 0.33, 0.195])


def test_the_rate_may_hold_from_the_first_step_to_the_last():
    stage = changed(steps=3, warmup=0, cooldown=0)
    assert [stage.rate_at(index) for index in range(3)] == [0.6, 0.6, 0.6]
