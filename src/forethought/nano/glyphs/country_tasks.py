"""Examples whose query is a flag with a question about its country, answered in words."""

from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.facts import QUESTIONS, Fact, facts_of
from forethought.nano.glyphs.hash_rng import shuffled
from forethought.nano.glyphs.pairs import (
    INSTRUCTIONS,
    TEXT,
    EvalDocument,
    EvalQuery,
    PairRow,
    SideRow,
)
from forethought.nano.glyphs.sources import FLAG_STYLES
from forethought.nano.glyphs.thinking import flag_to_fact

TASK = "country_question"
PICTURES_A_QUESTION = 2
MOST_ANSWERS = 2
"""The most languages of a country that become pairs."""


def country_pairs(catalogue: Catalogue, split: str) -> Iterator[PairRow]:
    """Pair the questions of a split with their answers."""
    answers = _answers(catalogue)
    for facts in _questions(catalogue, split):
        for fact in facts[:MOST_ANSWERS]:
            document = answers[fact.relation, fact.answer]
            for style in _styles(catalogue, fact)[:PICTURES_A_QUESTION]:
                yield PairRow(TASK, split, _query(fact, style), document)


def country_queries(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Benchmark queries about held-out facts; any of the country's answers is relevant."""
    for facts in _questions(catalogue, "test"):
        style = _styles(catalogue, facts[0])[0]
        relevant = tuple(dict.fromkeys(fact.answer for fact in facts))
        yield EvalQuery(TASK, "held_relation", _query(facts[0], style), relevant)


def country_candidates(catalogue: Catalogue) -> Iterator[EvalDocument]:
    """Every answer to every question, of all countries."""
    texts = {side.text: side for side in _answers(catalogue).values()}
    for _, side in sorted(texts.items()):
        yield EvalDocument(TASK, "held_relation", side)


def _questions(catalogue: Catalogue, split: str) -> Iterator[list[Fact]]:
    for country in catalogue.countries:
        facts = facts_of(country)
        for relation in QUESTIONS:
            if catalogue.splits.relations[country.code, relation] == split:
                chosen = [fact for fact in facts if fact.relation == relation]
                # "The capital" of a country that has three is no fair question.
                if chosen and (chosen[0].unique or relation == "language"):
                    yield chosen


def _answers(catalogue: Catalogue) -> dict[tuple[str, str], SideRow]:
    by_answer: dict[tuple[str, str], list[Fact]] = {}
    for country in catalogue.countries:
        for fact in facts_of(country):
            if fact.relation in QUESTIONS:
                by_answer.setdefault((fact.relation, fact.answer), []).append(fact)
    return {
        (relation, answer): SideRow(TEXT, answer, "", _concept(facts), "", answer)
        for (relation, answer), facts in by_answer.items()
    }


def _concept(facts: list[Fact]) -> str:
    return facts[0].country.concept if len(facts) == 1 else ""


def _styles(catalogue: Catalogue, fact: Fact) -> list[str]:
    drawn = [style for style in FLAG_STYLES if style in catalogue.styles[fact.country.concept]]
    return shuffled(drawn, TASK, fact.country.code, fact.relation)


def _query(fact: Fact, style: str) -> SideRow:
    return SideRow(
        instruction=INSTRUCTIONS[TASK],
        text=QUESTIONS[fact.relation],
        picture=f"{style}/{fact.country.concept}",
        concept=fact.country.concept,
        thinking=flag_to_fact(fact),
        answer=fact.answer,
    )
