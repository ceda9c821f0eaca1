"""Questions in words as training pairs, benchmark queries and candidates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from forethought.nano.glyphs.clocks import (
    FACES,
    OFFSETS,
    Face,
    code_of_face,
    spoken,
    sum_statement,
    sum_words,
)
from forethought.nano.glyphs.concepts import Split
from forethought.nano.glyphs.countries import Country
from forethought.nano.glyphs.hash_rng import draw
from forethought.nano.glyphs.pairs import TEXT, EvalDocument, EvalQuery, PairRow, SideRow
from forethought.nano.glyphs.questions import COMPOSITIONS, Question, QuestionMaker
from forethought.nano.glyphs.splits import Splits

INSTRUCTION = "Answer the question."
HELD_COUNTRY, HELD_COMPOSITION, HELD_SUM, TRAINED = (
    "held_country",
    "held_composition",
    "held_sum",
    "trained",
)
SPLITS = {
    "lookup": (HELD_COUNTRY, TRAINED),
    "one_step": (HELD_COUNTRY, TRAINED),
    "two_steps": (HELD_COUNTRY, HELD_COMPOSITION, TRAINED),
    "sum": (HELD_SUM, TRAINED),
}
"""The splits of each task; `trained` holds questions that training asks as well."""
MOST_QUERIES = 200
"""The most benchmark queries of a task and split."""


@dataclass(frozen=True)
class LabQuestions:
    """The questions of lab with their splits."""

    countries: Sequence[Country]
    splits: Splits

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every question about a country."""
        return tuple(one for country in self.countries for one in self._maker.about(country))

    @cached_property
    def _maker(self) -> QuestionMaker:
        return QuestionMaker(self.countries)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Every answer to every question."""
        texts = {answer for one in self.questions for answer in one.answers}
        return tuple(sorted(texts | {spoken(face) for face in FACES}))

    @cached_property
    def held_compositions(self) -> frozenset[str]:
        """The kinds of question that training never asks."""
        kinds = {str(one) for one in COMPOSITIONS}
        found = {kind for (_, kind), split in self.splits.questions.items() if split != "test"}
        return frozenset(kinds - found)

    def pairs(self, split: Split) -> Iterator[PairRow]:
        """Every question of a split with its first answer.

        In training each of its answers is once the first, and every name is paired with itself.
        """
        for question in self.questions:
            if self._split(question) == split:
                paired = self._maker.for_each_answer(question) if split == "train" else [question]
                for one in paired:
                    document = _document(one.answers[0])
                    yield PairRow(one.composition.task, split, _query(one), document)
        if split == "train":
            for name in self.texts:
                yield PairRow("name", split, _name(name), _document(name))
        for face, hours in self._sums(split):
            yield PairRow(
                "sum", split, _sum_query(face, hours), _document(spoken(face.later(hours)))
            )

    def queries(self) -> Iterator[EvalQuery]:
        """The benchmark: at most `MOST_QUERIES` of each task and split, drawn by their words."""
        by_split: dict[tuple[str, str], list[EvalQuery]] = {}
        for query in self._queries():
            by_split.setdefault((query.task, query.split), []).append(query)
        for found in by_split.values():
            yield from sorted(found, key=lambda one: draw("lab", one.query.text))[:MOST_QUERIES]

    def candidates(self) -> Iterator[EvalDocument]:
        """Every answer to every question, in the one pool of all tasks and splits."""
        for task, splits in SPLITS.items():
            for split in splits:
                for text in self.texts:
                    yield EvalDocument(task, split, _document(text))

    def _queries(self) -> Iterator[EvalQuery]:
        for question in self.questions:
            split = self._eval_split(question)
            if split:
                task = question.composition.task
                yield EvalQuery(task, split, _query(question), question.answers)
        for drawn, split in (("test", HELD_SUM), ("train", TRAINED)):
            for face, hours in self._sums(drawn):
                yield EvalQuery("sum", split, _sum_query(face, hours), (spoken(face.later(hours)),))

    def _eval_split(self, question: Question) -> str:
        """Where a question is judged; empty for a held kind about a held country, and for dev."""
        split = self._split(question)
        if str(question.composition) in self.held_compositions:
            other = self.splits.of_country(question.country.code)
            return HELD_COMPOSITION if other == "train" else ""
        return {"test": HELD_COUNTRY, "train": TRAINED}.get(split, "")

    def _split(self, question: Question) -> Split:
        return self.splits.questions[question.country.code, str(question.composition)]

    def _sums(self, split: str) -> Iterator[tuple[Face, int]]:
        for face in FACES:
            for hours in OFFSETS:
                if self.splits.clocks[code_of_face(face), hours] == split:
                    yield face, hours


def _query(question: Question) -> SideRow:
    return SideRow(INSTRUCTION, question.text, "", "", question.thinking, question.answers[0])


def _name(name: str) -> SideRow:
    return SideRow(INSTRUCTION, name, "", "", "", name)


def _sum_query(face: Face, hours: int) -> SideRow:
    answer, thinking = spoken(face.later(hours)), sum_statement(face.hour, hours)
    return SideRow(INSTRUCTION, sum_words(face, hours), "", "", thinking, answer)


def _document(text: str) -> SideRow:
    return SideRow(TEXT, text, "", "", "", text)
