"""Examples about clock faces: reading them, and adding hours to what they show."""

from collections.abc import Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.clocks import FACES, OFFSETS, Face, code_of_face, question, spoken
from forethought.nano.glyphs.pairs import INSTRUCTIONS, TEXT, Candidate, EvalQuery, Pair, Side
from forethought.nano.glyphs.rationales import of_clock, of_sum, of_time
from forethought.nano.glyphs.sources import EMOJI_STYLES, HELD_STYLE

TASK = "clock"


def clock_pairs(catalogue: Catalogue, split: str) -> Iterator[Pair]:
    """Sums that are learned or watched; and, to learn from, every face's own time."""
    for style in EMOJI_STYLES:
        if split == "train":
            yield from _readings(catalogue, style)
        for face, hours in _sums(catalogue, split, style):
            document = time_text(face.later(hours))
            yield Pair(TASK, split, _asked(face, hours, style), document)


def clock_trials(catalogue: Catalogue) -> Iterator[EvalQuery]:
    """Sums kept back, on faces of the known styles and of the unseen one."""
    for style in (*EMOJI_STYLES, HELD_STYLE):
        split = "held_sum_unseen_style" if style == HELD_STYLE else "held_sum"
        for face, hours in _sums(catalogue, "test", style):
            relevant = (spoken(face.later(hours)),)
            yield EvalQuery(TASK, split, _asked(face, hours, style), relevant)


def clock_candidates() -> Iterator[Candidate]:
    """All twenty-four times."""
    for split in ("held_sum", "held_sum_unseen_style"):
        for face in FACES:
            yield Candidate(TASK, split, time_text(face))


def time_text(face: Face) -> Side:
    """A time in words as a document."""
    return Side(TEXT, spoken(face), "", code_of_face(face), of_time(face), spoken(face))


def _readings(catalogue: Catalogue, style: str) -> Iterator[Pair]:
    for face in FACES:
        code = code_of_face(face)
        if style in catalogue.styles[code]:
            shown = Side(
                INSTRUCTIONS["name"], "", f"{style}/{code}", code, of_clock(face), spoken(face)
            )
            yield Pair("name", "train", shown, time_text(face))


def _sums(catalogue: Catalogue, split: str, style: str) -> Iterator[tuple[Face, int]]:
    for face in FACES:
        code = code_of_face(face)
        for hours in OFFSETS:
            if catalogue.splits.clocks[code, hours] == split and style in catalogue.styles[code]:
                yield face, hours


def _asked(face: Face, hours: int, style: str) -> Side:
    code = code_of_face(face)
    return Side(
        instruction=INSTRUCTIONS[TASK],
        text=question(hours),
        picture=f"{style}/{code}",
        concept=code,
        thinking=of_sum(face, hours),
        answer=spoken(face.later(hours)),
    )
