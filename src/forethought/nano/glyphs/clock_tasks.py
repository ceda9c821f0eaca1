"""Examples about clock faces: telling the time, and the time some hours away."""

from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.clocks import FACES, OFFSETS, Face, code_of_face, question, spoken
from forethought.nano.glyphs.pairs import (
    INSTRUCTIONS,
    TEXT,
    EvalDocument,
    EvalQuery,
    PairRow,
    SideRow,
)
from forethought.nano.glyphs.sources import EMOJI_STYLES, HELD_STYLE
from forethought.nano.glyphs.thinking import sum_thinking

TASK = "clock"


def clock_pairs(catalogue: Catalogue, split: str) -> Iterator[PairRow]:
    """Pair sums of a split with their results; in training, also every face with its time."""
    for style in EMOJI_STYLES:
        if split == "train":
            yield from _name_pairs(catalogue, style)
        for face, hours in _sums(catalogue, split, style):
            yield PairRow(TASK, split, _query(face, hours, style), _document(face.later(hours)))


def clock_queries(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Benchmark queries: held-out sums, on faces of the training styles and the held-out one."""
    for style in (*EMOJI_STYLES, HELD_STYLE):
        split = "held_sum_unseen_style" if style == HELD_STYLE else "held_sum"
        for face, hours in _sums(catalogue, "test", style):
            relevant = (spoken(face.later(hours)),)
            yield EvalQuery(TASK, split, _query(face, hours, style), relevant)


def clock_candidates() -> Iterator[EvalDocument]:
    """All twenty-four times."""
    for split in ("held_sum", "held_sum_unseen_style"):
        for face in FACES:
            yield EvalDocument(TASK, split, _document(face))


def _name_pairs(catalogue: Catalogue, style: str) -> Iterator[PairRow]:
    instruction = INSTRUCTIONS["name"]
    for face in FACES:
        code = code_of_face(face)
        if style in catalogue.styles[code]:
            picture = f"{style}/{code}"
            query = SideRow(instruction, "", picture, code, "", spoken(face))
            yield PairRow("name", "train", query, _document(face))


def _sums(catalogue: Catalogue, split: str, style: str) -> Iterator[tuple[Face, int]]:
    for face in FACES:
        code = code_of_face(face)
        for hours in OFFSETS:
            if catalogue.splits.clocks[code, hours] == split and style in catalogue.styles[code]:
                yield face, hours


def _query(face: Face, hours: int, style: str) -> SideRow:
    code = code_of_face(face)
    return SideRow(
        instruction=INSTRUCTIONS[TASK],
        text=question(hours),
        picture=f"{style}/{code}",
        concept=code,
        thinking=sum_thinking(face, hours),
        answer=spoken(face.later(hours)),
    )


def _document(face: Face) -> SideRow:
    return SideRow(TEXT, spoken(face), "", code_of_face(face), "", spoken(face))
