import dataclasses

import pytest

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.composed_tasks import (
    composed_candidates,
    composed_pairs,
    composed_queries,
)
from forethought.nano.glyphs.concepts import Split
from forethought.nano.glyphs.questions import COMPOSITIONS
from forethought.nano.glyphs.splits import Splits

RELATIONS = ("capital", "demonym", "currency", "borders", "subregion")


@pytest.fixture
def catalogue(bolivia):
    """Bolivia and its neighbours; the split of each country's questions is given by its code."""

    def make(held_relations=(), **splits):
        lands = [
            dataclasses.replace(bolivia, borders=("Chad", "Togo")),
            _country(bolivia, "Chad", "td", ("Bolivia",)),
            _country(bolivia, "Togo", "tg", ("Bolivia",)),
        ]
        questions: dict[tuple[str, str], Split] = {
            (one.code, str(kind)): splits.get(one.code, "train")
            for one in lands
            for kind in COMPOSITIONS
        }
        relations: dict[tuple[str, str], Split] = {
            (one.code, name): "test" if (one.code, name) in held_relations else "train"
            for one in lands
            for name in RELATIONS
        }
        styles = {one.concept: frozenset({"official", "twemoji"}) for one in lands}
        return Catalogue((), styles, tuple(lands), Splits({}, relations, {}, questions))

    return make


def _country(like, name, code, borders):
    return dataclasses.replace(
        like,
        name=name,
        called=name,
        code=code,
        capitals=(f"{name} City",),
        demonym=f"{name}ian",
        currencies=(f"{name} coin",),
        borders=borders,
    )


def test_a_fact_is_found_in_two_steps(catalogue):
    pairs = {pair.query.text: pair for pair in composed_pairs(catalogue(), "train")}
    fact = pairs["currency of the country whose people are called Chadian"]
    assert (fact.task, fact.document.text) == ("country_two_steps", "Chad coin")
    assert fact.query.thinking == (
        "Chadian is what people from Chad are called. The currency of Chad is the Chad coin."
    )


@pytest.mark.parametrize(
    ("split", "flags"), [("train", ["flag-td", "flag-tg"]), ("dev", ["flag-td"])]
)
def test_training_leads_to_the_flag_of_each_neighbour_and_dev_to_the_first(catalogue, split, flags):
    text = "flag of a neighbour of the country whose capital is Sucre"
    pairs = [
        pair
        for pair in composed_pairs(catalogue(bo=split), split)
        if pair.task == "flag_two_steps" and pair.query.text == text
    ]
    assert [pair.document.concept for pair in pairs] == flags
    listed = ["Chad and Togo", "Togo and Chad"]
    for pair, names in zip(pairs, listed, strict=False):
        assert pair.query.answer == f"flag of {names.split()[0]}"
        assert pair.query.thinking == f"Sucre is the capital of Bolivia. Bolivia borders {names}."


def test_every_neighbour_is_a_right_answer(catalogue):
    queries = {one.query.text: one for one in composed_queries(catalogue(bo="test"))}
    text = "flag of a neighbour of the country whose capital is Sucre"
    assert queries[text].relevant == ("official/flag-td", "official/flag-tg")


def test_training_asks_nothing_about_a_held_out_country(catalogue):
    held = catalogue(bo="test")
    texts = [pair.query.text for pair in composed_pairs(held, "train")]
    assert texts
    assert not [text for text in texts if "Sucre" in text or "Bolivian" in text]
    assert all(one.split == "held_country" for one in composed_queries(held))


def test_training_asks_nothing_about_a_fact_that_is_held_out_from_one_step(catalogue):
    held = catalogue(held_relations={("td", "currency")})
    texts = [pair.query.text for pair in composed_pairs(held, "train")]
    assert "capital of the country whose people are called Chadian" in texts
    assert not [text for text in texts if "Chad coin" in text]
    assert "currency of the country whose capital is Chad City" not in texts


def test_the_pools_hold_every_right_answer(catalogue):
    held = catalogue(bo="test")
    pools: dict[str, set[str]] = {}
    for one in composed_candidates(held):
        pools.setdefault(one.task, set()).add(one.id)
    for query in composed_queries(held):
        assert set(query.relevant) <= pools[query.task]
    assert len(pools["flag_two_steps"]) == 3
