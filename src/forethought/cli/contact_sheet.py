"""A contact sheet: the hits of a search on one picture, to look at."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import PIL.ImageOps

from forethought.cli.console import one_line
from forethought.errors import ContentError
from forethought.files import atomic
from forethought.types import Hit, Image

THUMBNAIL = 180
MARGIN = 16
COLUMNS = 5
_CAPTION = 40
_TITLE_SIZE, _SMALL = 22, 14
_LINE = 19
_MOST_LINES = 8
_MOST_LETTERS = 120
_INK, _PALE, _PAPER = "#1c1c1c", "#6b6b6b", "#ffffff"


def draw(
    path: Path, folder: Path, hits: Sequence[Hit], *, title: str, lines: Sequence[str]
) -> None:
    """Write a PNG with the query and its rationale on top, and the hits in order below."""
    columns = min(COLUMNS, max(3, len(hits)))
    width = MARGIN + columns * (THUMBNAIL + MARGIN)
    small, large = PIL.ImageFont.load_default(_SMALL), PIL.ImageFont.load_default(_TITLE_SIZE)
    words = _wrapped(lines, width=(width - 2 * MARGIN) // 8)
    top = MARGIN + 34 + _LINE * len(words) + MARGIN
    rows = -(-len(hits) // columns)
    paper = PIL.Image.new("RGB", (width, top + rows * (THUMBNAIL + _CAPTION + MARGIN)), _PAPER)
    pen = PIL.ImageDraw.Draw(paper)
    pen.text((MARGIN, MARGIN), _fitting(title, large, width - 2 * MARGIN), _INK, font=large)
    for row, line in enumerate(words):
        pen.text((MARGIN, MARGIN + 34 + row * _LINE), line, _PALE, font=small)
    for place, hit in enumerate(hits):
        row, column = divmod(place, columns)
        left = MARGIN + column * (THUMBNAIL + MARGIN)
        upper = top + row * (THUMBNAIL + _CAPTION + MARGIN)
        paper.paste(_thumbnail(folder / hit.document), (left, upper))
        below = upper + THUMBNAIL + 3
        pen.text((left, below), f"{hit.rank}   {hit.score:.3f}", _INK, font=small)
        name = _fitting(Path(hit.document).name, small, THUMBNAIL)
        pen.text((left, below + 17), name, _PALE, font=small)
    with atomic(path) as scratch:
        paper.save(scratch, "PNG")


def _wrapped(lines: Sequence[str], *, width: int) -> list[str]:
    wrapped = [piece for line in lines for piece in textwrap.wrap(one_line(line), width)]
    if len(wrapped) > _MOST_LINES:
        return [*wrapped[: _MOST_LINES - 1], "..."]
    return wrapped


def _thumbnail(path: Path) -> PIL.Image.Image:
    square = PIL.Image.new("RGB", (THUMBNAIL, THUMBNAIL), "#f2f2f2")
    try:
        picture = PIL.Image.fromarray(Image(path).pixels)
    except ContentError:
        # It was there when it was indexed; an empty square says that it no longer is.
        return square
    small = PIL.ImageOps.contain(picture, (THUMBNAIL, THUMBNAIL))
    square.paste(small, ((THUMBNAIL - small.width) // 2, (THUMBNAIL - small.height) // 2))
    return square


def _fitting(
    words: str, font: PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont, width: int
) -> str:
    words = one_line(words)
    if font.getlength(words[:_MOST_LETTERS]) <= width and len(words) <= _MOST_LETTERS:
        return words
    words = words[:_MOST_LETTERS]
    while words and font.getlength(words + "...") > width:
        words = words[:-1]
    return words + "..."
