"""Examples that end at a flag: from its country's name, or from a fact of its country."""

from collections import Counter
from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.facts import MOST_NEIGHBOURS, Fact, facts_of
from forethought.nano.glyphs.hash_rng import shuffled
from forethought.nano.glyphs.pairs import (
    INSTRUCTIONS,
    PICTURE,
    TEXT,
    Candidate,
    EvalQuery,
    Pair,
    Side,
)
from forethought.nano.glyphs.places import places
from forethought.nano.glyphs.rationales import of_flag, to_flag
from forethought.nano.glyphs.sources import FLAG_STYLES, HELD_FLAG_STYLE

BENCHMARK_STYLE = "official"
"""The style of the flags that facts are asked of."""

PICTURES_A_QUESTION = 2
MOST_PLACES = 2


def flag_pairs(catalogue: Catalogue) -> Iterator[Pair]:
    """Every country's name with its flag, both ways, in the styles that are learned."""
    for style in FLAG_STYLES:
        for country in _drawn(catalogue, style):
            yield Pair("flag", "train", _named(country), flag_picture(PICTURE, country, style))
            shown = flag_picture(INSTRUCTIONS["name"], country, style)
            name = Side(TEXT, country.flag, "", country.concept, of_flag(country), country.flag)
            yield Pair("name", "train", shown, name)


def flag_trials(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Every country's name, for flags in the unseen style."""
    for country in _drawn(catalogue, HELD_FLAG_STYLE):
        relevant = (f"{HELD_FLAG_STYLE}/{country.concept}",)
        yield EvalQuery("flag", "unseen_style", _named(country), relevant)


def question_pairs(catalogue: Catalogue, split: str) -> Iterator[Pair]:
    """Facts that are learned or watched, with the flags they lead to."""
    for country in catalogue.countries:
        for query, _ in questions(catalogue, country, split):
            styles = [style for style in FLAG_STYLES if style in catalogue.styles[country.concept]]
            for style in shuffled(styles, query.text)[:PICTURES_A_QUESTION]:
                document = flag_picture(PICTURE, country, style)
                yield Pair("flag_question", split, query, document)


def question_trials(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Facts kept back: their statement may be read, the question was never asked."""
    seen: set[str] = set()
    for country in catalogue.countries:
        for query, answers in questions(catalogue, country, "test"):
            if query.text not in seen:
                seen.add(query.text)
                relevant = tuple(f"{BENCHMARK_STYLE}/flag-{code}" for code in answers)
                yield EvalQuery("flag_question", "held_relation", query, relevant)


def flag_candidates(catalogue: Catalogue) -> Iterator[Candidate]:
    """All flags, in the style each benchmark shows them."""
    shown = (("flag", "unseen_style", HELD_FLAG_STYLE),)
    for task, split, style in (*shown, ("flag_question", "held_relation", BENCHMARK_STYLE)):
        for country in _drawn(catalogue, style):
            yield Candidate(task, split, flag_picture(PICTURE, country, style))


def flag_picture(instruction: str, country: Country, style: str) -> Side:
    """A flag, on either side."""
    picture = f"{style}/{country.concept}"
    return Side(instruction, "", picture, country.concept, of_flag(country), country.flag)


def questions(
    catalogue: Catalogue, country: Country, split: str
) -> Iterator[tuple[Side, tuple[str, ...]]]:
    """A country's questions of a split, each with the codes of all right answers."""
    asked = {
        relation
        for (code, relation), drawn in catalogue.splits.relations.items()
        if code == country.code and drawn == split
    }
    counts = _counts(catalogue.countries)
    for fact in facts_of(country):
        text = _asked(fact, counts) if _is_only(fact, catalogue.countries) else ""
        if fact.relation in asked and fact.unique and text:
            yield _query(text, [fact.backward], country), (country.code,)
    if "place" in asked:
        yield from _places(catalogue, country, split)


def _places(
    catalogue: Catalogue, country: Country, split: str
) -> Iterator[tuple[Side, tuple[str, ...]]]:
    # A question with several answers is learned only if it is kept back for none of them.
    relations = catalogue.splits.relations
    kept = [
        place
        for place in places(country, catalogue.countries)
        if split == "test" or all(relations[code, "place"] == split for code in place.answers)
    ]
    for place in kept[:MOST_PLACES]:
        yield _query(place.text, list(place.told), country), place.answers


def _query(text: str, told: list[str], country: Country) -> Side:
    thinking = to_flag(told, country)
    return Side(INSTRUCTIONS["flag_question"], text, "", country.concept, thinking, country.flag)


def _asked(fact: Fact, counts: Counter[tuple[str, str, str]]) -> str:
    """The question that has this country as its only answer; empty if there is none."""
    country = fact.country
    alone = counts[fact.relation, fact.answer, ""] == 1
    text = _TEXTS.get(fact.relation, "").format(answer=fact.answer)
    if fact.relation == "borders" and len(country.borders) > MOST_NEIGHBOURS:
        return ""
    if text and alone:
        return f"flag of the country {text}"
    near = counts[fact.relation, fact.answer, country.subregion] == 1
    if fact.relation == "currency" and near:
        return f"flag of the country in {country.subregion} {text}"
    return ""


def _is_only(fact: Fact, countries: tuple[Country, ...]) -> bool:
    # A country that borders these neighbours and others is as right an answer.
    around = set(fact.country.borders)
    return fact.relation != "borders" or sum(around <= set(one.borders) for one in countries) == 1


def _counts(countries: tuple[Country, ...]) -> Counter[tuple[str, str, str]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for country in countries:
        for fact in facts_of(country):
            counts[fact.relation, fact.answer, ""] += 1
            if country.subregion:
                counts[fact.relation, fact.answer, country.subregion] += 1
    return counts


def _drawn(catalogue: Catalogue, style: str) -> list[Country]:
    return [one for one in catalogue.countries if style in catalogue.styles[one.concept]]


def _named(country: Country) -> Side:
    return Side(
        INSTRUCTIONS["flag"], country.flag, "", country.concept, of_flag(country), country.flag
    )


_TEXTS = {
    "capital": "whose capital is {answer}",
    "demonym": "whose people are called {answer}",
    "currency": "whose currency is the {answer}",
    "borders": "that borders {answer}",
}
