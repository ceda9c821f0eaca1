"""A contact sheet: the hits of a search as thumbnails on one PNG."""

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
TITLE = 34
TITLE_SIZE, TEXT_SIZE = 22, 14
_LINE = 19
_MAX_LINES = 8
_MAX_CHARACTERS = 120
BLACK, GREY, WHITE, _LIGHT_GREY = "#1c1c1c", "#6b6b6b", "#ffffff", "#f2f2f2"


def draw_contact_sheet(
    path: Path, folder: Path, hits: Sequence[Hit], *, title: str, lines: Sequence[str]
) -> None:
    """Write a PNG with a title and text lines at the top, and the hits in order below."""
    columns = min(COLUMNS, max(3, len(hits)))
    width = MARGIN + columns * (THUMBNAIL + MARGIN)
    text_font = PIL.ImageFont.load_default(TEXT_SIZE)
    title_font = PIL.ImageFont.load_default(TITLE_SIZE)
    wrapped = _wrap(lines, width=(width - 2 * MARGIN) // 8)
    top = MARGIN + TITLE + _LINE * len(wrapped) + MARGIN
    num_rows = -(-len(hits) // columns)
    height = top + num_rows * (THUMBNAIL + _CAPTION + MARGIN)
    sheet = PIL.Image.new("RGB", (width, height), WHITE)
    draw = PIL.ImageDraw.Draw(sheet)
    draw.text(
        (MARGIN, MARGIN), shorten(title, title_font, width - 2 * MARGIN), BLACK, font=title_font
    )
    for row, line in enumerate(wrapped):
        draw.text((MARGIN, MARGIN + TITLE + row * _LINE), line, GREY, font=text_font)
    for index, hit in enumerate(hits):
        row, column = divmod(index, columns)
        left = MARGIN + column * (THUMBNAIL + MARGIN)
        upper = top + row * (THUMBNAIL + _CAPTION + MARGIN)
        sheet.paste(thumbnail(folder / hit.document), (left, upper))
        below = upper + THUMBNAIL + 3
        draw.text((left, below), f"{hit.rank}   {hit.score:.3f}", BLACK, font=text_font)
        name = shorten(Path(hit.document).name, text_font, THUMBNAIL)
        draw.text((left, below + 17), name, GREY, font=text_font)
    with atomic(path) as temporary:
        sheet.save(temporary, "PNG")


def _wrap(lines: Sequence[str], *, width: int) -> list[str]:
    wrapped = [piece for line in lines for piece in textwrap.wrap(one_line(line), width)]
    if len(wrapped) > _MAX_LINES:
        return [*wrapped[: _MAX_LINES - 1], "..."]
    return wrapped


def thumbnail(path: Path) -> PIL.Image.Image:
    """A picture, made small enough, in the middle of a grey square; the square alone if it is gone."""
    square = PIL.Image.new("RGB", (THUMBNAIL, THUMBNAIL), _LIGHT_GREY)
    try:
        picture = PIL.Image.fromarray(Image(path).pixels)
    except ContentError:
        # It was deleted or overwritten after it was indexed.
        return square
    small = PIL.ImageOps.contain(picture, (THUMBNAIL, THUMBNAIL))
    square.paste(small, ((THUMBNAIL - small.width) // 2, (THUMBNAIL - small.height) // 2))
    return square


def shorten(
    text: str, font: PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont, width: int
) -> str:
    """Cut a text to a width in pixels, with an ellipsis where it was cut."""
    text = one_line(text)
    if font.getlength(text[:_MAX_CHARACTERS]) <= width and len(text) <= _MAX_CHARACTERS:
        return text
    text = text[:_MAX_CHARACTERS]
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
