"""Questions about countries in words, that need no step, one, or two."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.facts import MOST_NEIGHBOURS, Fact, borders_sentence, facts_of
from forethought.nano.glyphs.statements import answers_of, has_one_answer, leads_back

NAME, NEIGHBOUR = "name", "neighbour"

_SUBJECTS = {
    "capital": "country whose capital is {}",
    "demonym": "country whose people are called {}",
    "currency": "country whose currency is the {}",
}
_REQUESTS = {
    "capital": "capital of {}",
    "demonym": "people of {}",
    "currency": "currency of {}",
    "subregion": "part of the world of {}",
    NEIGHBOUR: "neighbour of {}",
}


@dataclass(frozen=True, slots=True)
class Composition:
    """A kind of question: what tells the country, and what is asked of it.

    Args:
        by: a relation whose answer is given, or `NAME`.
        ask: a relation, `NEIGHBOUR`, or `NAME`.
    """

    by: str
    ask: str

    def __str__(self) -> str:
        return f"{self.by} to {self.ask}"

    @property
    def task(self) -> str:
        """`lookup` of a named country, `one_step` back to a country, `two_steps` for both."""
        if self.by == NAME:
            return "lookup"
        return "one_step" if self.ask == NAME else "two_steps"


COMPOSITIONS = tuple(
    Composition(by, ask) for by in (NAME, *_SUBJECTS) for ask in (NAME, *_REQUESTS) if by != ask
)
"""Every kind of question."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answers, the first of which the rationale leads to.

    Args:
        country: the country that the question is about.
        statements: the facts that lead to the answer, none for a lookup.
    """

    composition: Composition
    country: Country
    text: str
    statements: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def thinking(self) -> str:
        """The facts, in the order in which they lead to the answer."""
        return " ".join(self.statements)


@dataclass(frozen=True)
class QuestionMaker:
    """Makes the questions about each of the countries that have one country and one answer."""

    countries: Sequence[Country]

    @cached_property
    def names(self) -> dict[str, Country]:
        """Countries by their names inside a sentence."""
        return {country.called: country for country in self.countries}

    @cached_property
    def counts(self) -> Counter[tuple[str, str]]:
        """How many countries a relation and answer lead back to."""
        return answers_of(self.countries)

    def about(self, country: Country) -> Iterator[Question]:
        """Every question about a country."""
        for composition in COMPOSITIONS:
            question = self.question(country, composition)
            if question is not None:
                yield question

    def question(self, country: Country, composition: Composition) -> Question | None:
        """The question of this kind; None if a fact is missing or not the only one."""
        named, first = country.called, ""
        if composition.by != NAME:
            fact = self._fact(country, composition.by)
            if fact is None or not leads_back(fact, self.counts):
                return None
            named, first = _SUBJECTS[composition.by].format(fact.answer), fact.backward
        if composition.ask == NAME:
            return Question(composition, country, named, (first,), (country.name,))
        last, answers = self._answered(country, composition.ask)
        if not answers:
            return None
        if first:
            return Question(
                composition,
                country,
                _REQUESTS[composition.ask].format(f"the {named}"),
                (first, last),
                answers,
            )
        text = _REQUESTS[composition.ask].format(named)
        return Question(composition, country, text, (), answers)

    def for_each_answer(self, question: Question) -> Iterator[Question]:
        """The question once for each of its answers, with facts that name that one first.

        Were neighbours always named in one order, a model could recall the first of them from
        the question, and would not learn to read it from its own rationale.
        """
        if question.composition.ask != NEIGHBOUR or not question.statements:
            yield question
            return
        country, (back, _) = question.country, question.statements
        for index, called in enumerate(country.borders):
            if called in self.names:
                borders = country.borders[index:] + country.borders[:index]
                first = self.names[called].name
                others = (answer for answer in question.answers if answer != first)
                yield replace(
                    question,
                    statements=(back, borders_sentence(country, borders)),
                    answers=(first, *others),
                )

    def _answered(self, country: Country, relation: str) -> tuple[str, tuple[str, ...]]:
        """The sentence with the answers, and the answers."""
        if relation == NEIGHBOUR:
            return self._neighbours(country)
        fact = self._fact(country, relation)
        return ("", ()) if fact is None else (fact.forward, (fact.answer,))

    def _neighbours(self, country: Country) -> tuple[str, tuple[str, ...]]:
        found = [fact for fact in facts_of(country) if fact.relation == "borders"]
        if not found or len(country.borders) > MOST_NEIGHBOURS:
            return "", ()
        known = tuple(self.names[one].name for one in country.borders if one in self.names)
        return found[0].forward, known

    def _fact(self, country: Country, relation: str) -> Fact | None:
        found = [fact for fact in facts_of(country) if fact.relation == relation]
        return found[0] if len(found) == 1 and has_one_answer(found[0]) else None
