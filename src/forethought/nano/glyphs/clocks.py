"""Clock faces: their emoji, their times in words, and sums of hours."""

from dataclasses import dataclass
from functools import cache

FIRST_FULL = 0x1F550
"""The code point of one o'clock; half past one comes twelve later."""

OFFSETS = tuple(hours for hours in range(-11, 12) if hours)

_WORDS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Face:
    """A time on a clock: an hour from 1 to 12, full or half past."""

    hour: int
    half: bool

    def later(self, hours: int) -> "Face":
        """The time that many hours later; earlier if negative."""
        return Face((self.hour - 1 + hours) % 12 + 1, self.half)


FACES = tuple(Face(hour, half) for half in (False, True) for hour in range(1, 13))


def code_of_face(face: Face) -> str:
    """The code point of the emoji of a time, in hexadecimal."""
    return f"{FIRST_FULL + 12 * face.half + face.hour - 1:x}"


def face_of(code: str) -> Face | None:
    """The time of an emoji; None if it is no clock face."""
    return _BY_CODE.get(code)


def spoken(face: Face) -> str:
    """A time in words, such as "four thirty"."""
    minutes = "thirty" if face.half else "o'clock"
    return f"{number(face.hour)} {minutes}"


def question(hours: int) -> str:
    """The question for the time that many hours from the face."""
    plural = "hour" if abs(hours) == 1 else "hours"
    if hours > 0:
        return f"What time will it be in {hours} {plural}?"
    return f"What time was it {-hours} {plural} ago?"


@cache
def sum_statement(hour: int, hours: int) -> str:
    """A sum of full hours counted in words: "One hour after one is two, two three, three four.".

    Each step follows from the one before. A table of all sums, which names two numbers and then
    the result, is what a small network learns last.
    """
    when, step = ("after", 1) if hours > 0 else ("before", -1)
    counted = [
        f"{number(count)} {number(Face(hour, half=False).later(step * count).hour)}"
        for count in range(2, abs(hours) + 1)
    ]
    first = number(Face(hour, half=False).later(step).hour)
    return ", ".join([f"One hour {when} {number(hour)} is {first}", *counted]) + "."


def sum_words(face: Face, hours: int) -> str:
    """A sum without its result, such as "three hours after one thirty"."""
    plural = "hour" if abs(hours) == 1 else "hours"
    when = "after" if hours > 0 else "before"
    return f"{number(abs(hours))} {plural} {when} {spoken(face)}"


def number(value: int) -> str:
    """A number from one to twelve in words."""
    return _WORDS[value - 1]


_BY_CODE = {code_of_face(face): face for face in FACES}
