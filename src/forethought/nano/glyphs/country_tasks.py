"""Examples that start at a flag: a question about its country, answered in words."""

from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.facts import QUESTIONS, Fact, facts_of
from forethought.nano.glyphs.hash_rng import shuffled
from forethought.nano.glyphs.pairs import INSTRUCTIONS, TEXT, Candidate, EvalQuery, Pair, Side
from forethought.nano.glyphs.rationales import from_flag, of_answer
from forethought.nano.glyphs.sources import FLAG_STYLES

TASK = "country_question"
PICTURES_A_QUESTION = 2
MOST_ANSWERS = 2
"""How many languages of a country are asked for."""


def country_pairs(catalogue: Catalogue, split: str) -> Iterator[Pair]:
    """Questions that are learned or watched."""
    answers = _answers(catalogue)
    for facts in _questions(catalogue, split):
        for fact in facts[:MOST_ANSWERS]:
            for style in _styles(catalogue, fact)[:PICTURES_A_QUESTION]:
                yield Pair(TASK, split, _asked(fact, style), answers[fact.relation, fact.answer])


def country_trials(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Questions kept back; any of the country's answers is right."""
    for facts in _questions(catalogue, "test"):
        style = _styles(catalogue, facts[0])[0]
        relevant = tuple(dict.fromkeys(fact.answer for fact in facts))
        yield EvalQuery(TASK, "held_relation", _asked(facts[0], style), relevant)


def country_candidates(catalogue: Catalogue) -> Iterator[Candidate]:
    """Every answer to every question, of all countries."""
    texts = {side.text: side for side in _answers(catalogue).values()}
    for _, side in sorted(texts.items()):
        yield Candidate(TASK, "held_relation", side)


def _questions(catalogue: Catalogue, split: str) -> Iterator[list[Fact]]:
    for country in catalogue.countries:
        facts = facts_of(country)
        for relation in QUESTIONS:
            if catalogue.splits.relations[country.code, relation] == split:
                chosen = [fact for fact in facts if fact.relation == relation]
                # "The capital" of a country that has three is no fair question.
                if chosen and (chosen[0].unique or relation == "language"):
                    yield chosen


def _answers(catalogue: Catalogue) -> dict[tuple[str, str], Side]:
    told: dict[tuple[str, str], list[Fact]] = {}
    for country in catalogue.countries:
        for fact in facts_of(country):
            if fact.relation in QUESTIONS:
                told.setdefault((fact.relation, fact.answer), []).append(fact)
    return {
        key: Side(TEXT, key[1], "", _concept(facts), of_answer(facts), key[1])
        for key, facts in told.items()
    }


def _concept(facts: list[Fact]) -> str:
    return facts[0].country.concept if len(facts) == 1 else ""


def _styles(catalogue: Catalogue, fact: Fact) -> list[str]:
    drawn = [style for style in FLAG_STYLES if style in catalogue.styles[fact.country.concept]]
    return shuffled(drawn, TASK, fact.country.code, fact.relation)


def _asked(fact: Fact, style: str) -> Side:
    return Side(
        instruction=INSTRUCTIONS[TASK],
        text=QUESTIONS[fact.relation],
        picture=f"{style}/{fact.country.concept}",
        concept=fact.country.concept,
        thinking=from_flag(fact),
        answer=fact.answer,
    )
