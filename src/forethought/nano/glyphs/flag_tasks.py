"""Examples whose document is a flag: found by its country's name, or by a fact of the country."""

from collections import Counter
from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.descriptions import descriptions
from forethought.nano.glyphs.facts import MOST_NEIGHBOURS, Fact, facts_of
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
from forethought.nano.glyphs.sources import FLAG_STYLES, HELD_FLAG_STYLE
from forethought.nano.glyphs.thinking import facts_to_flag

BENCHMARK_STYLE = "official"
"""The style of the candidates of `flag_question`."""

PICTURES_A_QUESTION = 2
MOST_DESCRIPTIONS = 2

_QuestionAnswers = tuple[SideRow, tuple[str, ...]]


def flag_pairs(catalogue: Catalogue) -> Iterator[PairRow]:
    """Pair every country's name with its flag, both ways, in the training styles."""
    for style in FLAG_STYLES:
        for country in _drawn(catalogue, style):
            yield PairRow("flag", "train", _name_query(country), _picture(PICTURE, country, style))
            picture = _picture(INSTRUCTIONS["name"], country, style)
            yield PairRow("name", "train", picture, _name(TEXT, country))


def flag_queries(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Benchmark queries by a country's name, for flags in the held-out style."""
    for country in _drawn(catalogue, HELD_FLAG_STYLE):
        relevant = (f"{HELD_FLAG_STYLE}/{country.concept}",)
        yield EvalQuery("flag", "unseen_style", _name_query(country), relevant)


def question_pairs(catalogue: Catalogue, split: str) -> Iterator[PairRow]:
    """Pair questions about facts of a split with the flags that answer them."""
    for country in catalogue.countries:
        for query, _ in questions(catalogue, country, split):
            styles = [style for style in FLAG_STYLES if style in catalogue.styles[country.concept]]
            for style in shuffled(styles, query.text)[:PICTURES_A_QUESTION]:
                document = _picture(PICTURE, country, style)
                yield PairRow("flag_question", split, query, document)


def question_queries(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Benchmark queries about held-out facts; training has their statements, not the questions."""
    found: set[str] = set()
    for country in catalogue.countries:
        for query, answers in questions(catalogue, country, "test"):
            if query.text not in found:
                found.add(query.text)
                relevant = tuple(f"{BENCHMARK_STYLE}/flag-{code}" for code in answers)
                yield EvalQuery("flag_question", "held_relation", query, relevant)


def flag_candidates(catalogue: Catalogue) -> Iterator[EvalDocument]:
    """All flags, in the style of each benchmark task."""
    tasks = (
        ("flag", "unseen_style", HELD_FLAG_STYLE),
        ("flag_question", "held_relation", BENCHMARK_STYLE),
    )
    for task, split, style in tasks:
        for country in _drawn(catalogue, style):
            yield EvalDocument(task, split, _picture(PICTURE, country, style))


def questions(catalogue: Catalogue, country: Country, split: str) -> Iterator[_QuestionAnswers]:
    """A country's questions of a split, each with the codes of all countries that answer it."""
    relations = {
        relation
        for (code, relation), drawn in catalogue.splits.relations.items()
        if code == country.code and drawn == split
    }
    counts = _counts(catalogue.countries)
    for fact in facts_of(country):
        text = _question(fact, counts) if _is_only(fact, catalogue.countries) else ""
        if fact.relation in relations and fact.unique and text:
            yield _query(text, [fact.backward], country), (country.code,)
    if "place" in relations:
        yield from _described(catalogue, country, split)


def _described(catalogue: Catalogue, country: Country, split: str) -> Iterator[_QuestionAnswers]:
    # A description with several answers is a training query only if it is held out for none.
    relations = catalogue.splits.relations
    usable = [
        one
        for one in descriptions(country, catalogue.countries)
        if split == "test" or all(relations[code, "place"] == split for code in one.answers)
    ]
    for one in usable[:MOST_DESCRIPTIONS]:
        yield _query(one.text, list(one.statements), country), one.answers


def _query(text: str, statements: list[str], country: Country) -> SideRow:
    thinking = facts_to_flag(statements)
    instruction = INSTRUCTIONS["flag_question"]
    return SideRow(instruction, text, "", country.concept, thinking, country.flag)


def _question(fact: Fact, counts: Counter[tuple[str, str, str]]) -> str:
    """The question that has this country as its only answer; empty if there is none."""
    country = fact.country
    text = _TEXTS.get(fact.relation, "").format(answer=fact.answer)
    if fact.relation == "borders" and len(country.borders) > MOST_NEIGHBOURS:
        return ""
    if text and counts[fact.relation, fact.answer, ""] == 1:
        return f"flag of the country {text}"
    is_only_in_region = counts[fact.relation, fact.answer, country.subregion] == 1
    if fact.relation == "currency" and is_only_in_region:
        return f"flag of the country in {country.subregion} {text}"
    return ""


def _is_only(fact: Fact, countries: tuple[Country, ...]) -> bool:
    # A country that borders these neighbours and others is as right an answer.
    around = set(fact.country.borders)
    return fact.relation != "borders" or sum(around <= set(one.borders) for one in countries) == 1


def _counts(countries: tuple[Country, ...]) -> Counter[tuple[str, str, str]]:
    """How many facts have a relation and answer, in the world ("") and in each subregion."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for country in countries:
        for fact in facts_of(country):
            counts[fact.relation, fact.answer, ""] += 1
            if country.subregion:
                counts[fact.relation, fact.answer, country.subregion] += 1
    return counts


def _drawn(catalogue: Catalogue, style: str) -> list[Country]:
    return [one for one in catalogue.countries if style in catalogue.styles[one.concept]]


def _picture(instruction: str, country: Country, style: str) -> SideRow:
    picture = f"{style}/{country.concept}"
    return SideRow(instruction, "", picture, country.concept, "", country.flag)


def _name_query(country: Country) -> SideRow:
    return _name(INSTRUCTIONS["flag"], country)


def _name(instruction: str, country: Country) -> SideRow:
    return SideRow(instruction, country.flag, "", country.concept, "", country.flag)


_TEXTS = {
    "capital": "whose capital is {answer}",
    "demonym": "whose people are called {answer}",
    "currency": "whose currency is the {answer}",
    "borders": "that borders {answer}",
}
