"""Examples whose question takes two steps: to a country, then to a neighbour's flag or a fact."""

from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.concepts import Split
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.flag_tasks import BENCHMARK_STYLE
from forethought.nano.glyphs.hash_rng import shuffled
from forethought.nano.glyphs.pairs import (
    INSTRUCTIONS,
    PICTURE,
    TEXT,
    EvalDocument,
    EvalQuery,
    PairRow,
    SideRow,
)
from forethought.nano.glyphs.questions import NEIGHBOUR, Question, QuestionMaker
from forethought.nano.glyphs.sources import FLAG_STYLES

FLAG, COUNTRY = "flag_two_steps", "country_two_steps"
SPLIT = "held_country"


def composed_pairs(catalogue: Catalogue, split: Split) -> Iterator[PairRow]:
    """Pair the questions of a split with their first answers; in training, with each of them.

    A question is left out of training where one of its facts is held out from the questions of
    one step.
    """
    names = {country.name: country for country in catalogue.countries}
    for question in _paired(catalogue, QuestionMaker(catalogue.countries), split):
        answer = question.answers[0]
        if _finds_flag(question):
            yield PairRow(FLAG, split, _flag_query(question), _drawn(catalogue, names[answer]))
        else:
            yield PairRow(COUNTRY, split, _query(question), _answer(answer))


def composed_queries(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Benchmark queries about countries of which training asks no such question."""
    names = {country.name: country for country in catalogue.countries}
    for question in _questions(catalogue, QuestionMaker(catalogue.countries), "test"):
        if _finds_flag(question):
            found = (names[name].concept for name in question.answers)
            relevant = tuple(f"{BENCHMARK_STYLE}/{flag}" for flag in found)
            yield EvalQuery(FLAG, SPLIT, _flag_query(question), relevant)
        else:
            yield EvalQuery(COUNTRY, SPLIT, _query(question), question.answers)


def composed_candidates(catalogue: Catalogue) -> Iterator[EvalDocument]:
    """All flags, and all answers."""
    for country in catalogue.countries:
        if BENCHMARK_STYLE in catalogue.styles[country.concept]:
            yield EvalDocument(FLAG, SPLIT, _flag(country, BENCHMARK_STYLE))
    maker = QuestionMaker(catalogue.countries)
    found = (one for country in catalogue.countries for one in maker.about(country))
    texts = {text for one in found if one.composition.task == "two_steps" for text in one.answers}
    for text in sorted(texts):
        yield EvalDocument(COUNTRY, SPLIT, _answer(text))


def _paired(catalogue: Catalogue, maker: QuestionMaker, split: Split) -> Iterator[Question]:
    """The questions of a split as they are paired."""
    for question in _questions(catalogue, maker, split):
        if split != "train":
            yield question
        elif _is_trained(catalogue, question):
            yield from maker.for_each_answer(question)


def _questions(catalogue: Catalogue, maker: QuestionMaker, split: Split) -> Iterator[Question]:
    for country in catalogue.countries:
        # A kind that is held out as a whole is no question about a held-out country.
        if split == "test" and catalogue.splits.of_country(country.code) != "test":
            continue
        for question in maker.about(country):
            drawn = catalogue.splits.questions[country.code, str(question.composition)]
            if question.composition.task == "two_steps" and drawn == split:
                yield question


def _is_trained(catalogue: Catalogue, question: Question) -> bool:
    relations, code = catalogue.splits.relations, question.country.code
    ask = "borders" if question.composition.ask == NEIGHBOUR else question.composition.ask
    return all(relations[code, one] == "train" for one in (question.composition.by, ask))


def _finds_flag(question: Question) -> bool:
    return question.composition.ask == NEIGHBOUR


def _drawn(catalogue: Catalogue, country: Country) -> SideRow:
    """A country's flag in one of the training styles."""
    drawn = [style for style in FLAG_STYLES if style in catalogue.styles[country.concept]]
    return _flag(country, shuffled(drawn, FLAG, country.code)[0])


def _query(question: Question) -> SideRow:
    return SideRow(
        INSTRUCTIONS[COUNTRY], question.text, "", "", question.thinking, question.answers[0]
    )


def _flag_query(question: Question) -> SideRow:
    answer = f"flag of {question.answers[0]}"
    return SideRow(
        INSTRUCTIONS[FLAG], f"flag of a {question.text}", "", "", question.thinking, answer
    )


def _flag(country: Country, style: str) -> SideRow:
    picture = f"{style}/{country.concept}"
    return SideRow(PICTURE, "", picture, country.concept, "", country.flag)


def _answer(text: str) -> SideRow:
    return SideRow(TEXT, text, "", "", "", text)
